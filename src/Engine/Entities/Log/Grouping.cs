using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Entities.Log;

/// <summary>Which entities of a model to count, by what, and which fields to add up for each group.</summary>
public sealed record Grouping
{
    public const int KeysMax = 16;
    public const int FieldsMax = 32;

    public required TenantId Tenant { get; init; }
    public required ModelKey Model { get; init; }

    /// <summary>Null: all.</summary>
    public Condition? Where { get; init; }

    public AsOf AsOf { get; init; }

    /// <summary>1 to <see cref="KeysMax"/>: paths without wildcards, or the state.</summary>
    public required IReadOnlyList<Field> Keys { get; init; }

    /// <summary>At most <see cref="FieldsMax"/> paths without wildcards.</summary>
    public IReadOnlyList<JsonPath> Fields { get; init; } = [];

    /// <summary>Groups returned at most; which of more is not defined.</summary>
    public required int Limit { get; init; }
}

/// <summary>The entities that have the same values at all keys.</summary>
/// <param name="Key">One scalar for each key: a number in plain digits, without zeros at its end; null where the value is missing, an
/// object or an array.</param>
/// <param name="Fields">One for each field.</param>
public sealed record EntityGroup(IReadOnlyList<JsonText?> Key, long Count, IReadOnlyList<FieldSums> Fields);

/// <summary>
/// What one field adds up to within a group, over what is a number there (and text, for the extremes alone). Numbers are exact, in plain
/// digits.
/// </summary>
/// <param name="Count">How many are numbers.</param>
/// <param name="Sum">Null where none is a number; so the rest.</param>
/// <param name="Squares">The sum of the squares.</param>
/// <param name="MinText">By code point, of what is text.</param>
public sealed record FieldSums(long Count, string? Sum, string? Squares, string? Min, string? Max, string? MinText, string? MaxText);

using Strata.Core;

namespace Strata.Entities.Conditions;

/// <summary>
/// A condition on an entity: one definition, evaluated in memory for workflow criteria and as SQL for search; a property test holds the two
/// together. Read from and written as the entity API's JSON by <see cref="ConditionJson"/>. Depth and size are bounded there.
/// <para>Meaning. A comparison with a missing value, JSON null or a value of another type is false, negated operators included; only
/// <see cref="Not"/> turns false into true. A path with a wildcard holds if any element holds. Numbers compare by value at any precision,
/// strings by code point (UTF-8 bytes), booleans false before true. Times inside documents are strings.</para>
/// </summary>
public abstract record Condition
{
    private Condition() { }

    /// <summary>Every part holds; true without parts.</summary>
    public sealed record All(IReadOnlyList<Condition> Parts) : Condition;

    /// <summary>Some part holds; false without parts.</summary>
    public sealed record Any(IReadOnlyList<Condition> Parts) : Condition;

    public sealed record Not(Condition Part) : Condition;

    /// <summary>Compares one field with constants.</summary>
    /// <param name="Values">JSON scalars: one for most operators, none for null tests, two for BETWEEN, any number for IN_SET.</param>
    public sealed record Compare(Field Field, Operator Operator, IReadOnlyList<JsonText> Values) : Condition;
}

/// <summary>The operand of a comparison. Closed: a path into the document, or a fact about the entity.</summary>
public abstract record Field
{
    private Field() { }

    /// <summary>A path such as <c>$.spec.source.branch</c> or <c>$.lines[*].sku</c>.</summary>
    public sealed record Path(JsonPath Value) : Field;

    /// <summary>
    /// A fact about the entity: <c>state</c>, <c>id</c>, <c>creationDate</c>, <c>lastUpdateTime</c>, <c>transitionForLatestSave</c>,
    /// <c>transactionId</c>.
    /// </summary>
    public sealed record Meta(MetaField Value) : Field;
}

public enum MetaField
{
    State,
    Id,
    CreationDate,
    LastUpdateTime,
    TransitionForLatestSave,
    TransactionId,
}

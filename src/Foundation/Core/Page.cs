namespace Strata.Core;

/// <summary>One page of a list.</summary>
/// <param name="Next">Opaque; hand it back to get what follows. Null on the last page.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>Bounds of a list request.</summary>
public static class PageLimits
{
    public const int Default = 100;
    public const int Max = 1000;
}

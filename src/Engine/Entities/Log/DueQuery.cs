using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>Asks for scheduled transitions that are due.</summary>
/// <param name="Now">By when.</param>
/// <param name="Limit">How many at most, the longest due first.</param>
public readonly record struct DueQuery(DateTimeOffset Now, int Limit)
{
    /// <summary>
    /// At most so many of each tenant, and in turn: the first of all tenants, then the second of all, so that one tenant's backlog hides no
    /// other's. Null, which costs less: whatever is due longest.
    /// </summary>
    public int? EachMax { get; init; }

    /// <summary>Entities that are left out, such as those that are worked on already; null: none. Some thousands at most.</summary>
    public IReadOnlyCollection<EntityId>? Except { get; init; }
}

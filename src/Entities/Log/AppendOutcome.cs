using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>What became of a commit. Closed: exactly these three.</summary>
public abstract record AppendOutcome
{
    private AppendOutcome() { }

    /// <summary>Durable, and seen by every read that starts from now on.</summary>
    public sealed record Committed(Revision Revision, DateTimeOffset At) : AppendOutcome;

    /// <summary>An entity has moved on since it was read; nothing was written.</summary>
    public sealed record Conflict(EntityId Id) : AppendOutcome;

    /// <summary>Another entity holds a unique key's value; nothing was written.</summary>
    public sealed record Duplicate(EntityId Id, UniqueClaim Claim) : AppendOutcome;
}

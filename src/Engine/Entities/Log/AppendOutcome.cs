using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>What became of a commit. Closed: exactly these six.</summary>
public abstract record AppendOutcome
{
    private AppendOutcome() { }

    /// <summary>Durable, and seen by every read that starts from now on.</summary>
    public sealed record Committed(Revision Revision, DateTimeOffset At) : AppendOutcome;

    /// <summary>
    /// The tenant already has a commit with this id, with this content or another; nothing was written now. Only a caller that knows
    /// that no other one uses the id may treat this as its own append, sent twice after a lost connection.
    /// </summary>
    /// <param name="Revision">Of the first commit.</param>
    public sealed record AlreadyCommitted(Revision Revision, DateTimeOffset At) : AppendOutcome;

    /// <summary>The lease of the commit's <see cref="Commit.Fence"/> was lost to another holder or given up; nothing was written.</summary>
    public sealed record Fenced(Fence Fence) : AppendOutcome;

    /// <summary>An import into the tenant is under way, and this writes users' data; nothing was written.</summary>
    public sealed record Importing : AppendOutcome;

    /// <summary>An entity has moved on since it was read; nothing was written.</summary>
    public sealed record Conflict(EntityId Id) : AppendOutcome;

    /// <summary>Another entity holds a unique key's value; nothing was written.</summary>
    public sealed record Duplicate(EntityId Id, UniqueClaim Claim) : AppendOutcome;
}

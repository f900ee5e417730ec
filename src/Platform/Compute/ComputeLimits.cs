namespace Strata.Compute;

/// <summary>Bounds of dispatch; all have defaults. Immutable.</summary>
public sealed record ComputeLimits
{
    public static readonly ComputeLimits Default = new();

    /// <summary>Members of one organization on one server; a further one is refused with SERVER_BUSY.</summary>
    public int MembersMax { get; init; } = 1000;

    /// <summary>Tags of one member, and the characters of each.</summary>
    public int TagsMax { get; init; } = 50;
    public int TagCharactersMax { get; init; } = 100;

    /// <summary>Calls in flight at a member that declares no limit of its own.</summary>
    public int CallsInFlight { get; init; } = 64;

    /// <summary>The most that a member can declare.</summary>
    public int CallsInFlightMax { get; init; } = 10_000;

    /// <summary>How long a call waits for a member that is free, when all that would serve it are busy; then SERVER_BUSY.</summary>
    public TimeSpan WaitMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Calls of one organization that wait at once; a further one is SERVER_BUSY at once.</summary>
    public int WaitingMax { get; init; } = 1000;

    /// <summary>Members that are tried with one call when the first was lost and the call may be repeated (<c>idempotent</c>).</summary>
    public int FailoversMax { get; init; } = 3;
}

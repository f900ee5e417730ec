namespace Strata.Core.Background;

public enum WorkState
{
    /// <summary>It runs, and has either succeeded since the last failure or not failed at all.</summary>
    Running,

    /// <summary>The last run failed: it waits to be restarted, or was restarted and has not succeeded yet.</summary>
    Failing,

    /// <summary>It was asked to stop.</summary>
    Stopped,
}

/// <summary>Health of background work, over everything that runs under one name.</summary>
/// <param name="Since">When it entered this state.</param>
/// <param name="Count">How many run under this name.</param>
/// <param name="Failing">How many of them are failing.</param>
/// <param name="Restarts">How often it was restarted since the process began.</param>
/// <param name="LastError">Of the latest failure, also after it has recovered; null if it has never failed.</param>
public sealed record WorkHealth(
    string Name, WorkState State, DateTimeOffset Since, int Count, int Failing, long Restarts, string? LastError,
    DateTimeOffset? LastErrorAt);

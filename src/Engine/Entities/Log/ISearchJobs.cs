using Strata.Core;

namespace Strata.Entities.Log;

/// <summary>
/// Searches that run asynchronously, with what they found by id and revision. A job is RUNNING from the moment it is added until it ends
/// once, for good; it belongs to the server that added it, which says regularly that it lives. Past its time a job is as if it never was.
/// Safe for concurrent use.
/// </summary>
public interface ISearchJobs
{
    /// <summary>
    /// Adds a running job; false where the tenant already has <paramref name="perTenantMax"/> that run or hold results. Cancelled and
    /// failed jobs do not count; of them the newest <paramref name="perTenantMax"/> are kept.
    /// </summary>
    ValueTask<bool> TryAddAsync(SearchJob job, string server, int perTenantMax, CancellationToken cancellationToken);

    /// <summary>Null if the job does not exist, or no longer exists.</summary>
    ValueTask<SearchJob?> FindAsync(TenantId tenant, SearchJobId id, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>
    /// Searches, and keeps what is found together with the job's success. False where the job has ended meanwhile: then nothing is kept.
    /// </summary>
    /// <param name="resultsMax">Past it the search fails with SEARCH_RESULT_LIMIT.</param>
    /// <exception cref="StrataException">As <see cref="IEntitySearch.FindAsync"/>; the job is still running then.</exception>
    ValueTask<bool> RunAsync(SearchJob job, SearchQuery search, long resultsMax, CancellationToken cancellationToken);

    /// <summary>Ends a running job; false where it had ended already.</summary>
    ValueTask<bool> EndAsync(
        TenantId tenant, SearchJobId id, SearchJobStatus status, string? message, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>What a successful job found, in its order.</summary>
    ValueTask<IReadOnlyList<FoundEntity>> ResultsAsync(
        TenantId tenant, SearchJobId id, long skip, int take, CancellationToken cancellationToken);

    /// <summary>Heartbeat of a server; returns those of its jobs that are still running, the others were ended by someone else.</summary>
    ValueTask<IReadOnlyList<RunningSearch>> HeartbeatAsync(string server, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Ends the running jobs of servers that have been silent since then, and removes expired jobs.</summary>
    ValueTask SweepAsync(DateTimeOffset now, DateTimeOffset heardSince, CancellationToken cancellationToken);
}

public sealed record RunningSearch(TenantId Tenant, SearchJobId Id);

/// <summary>An asynchronous search and what became of it.</summary>
public sealed record SearchJob
{
    public required TenantId Tenant { get; init; }
    public required SearchJobId Id { get; init; }
    public required SearchJobStatus Status { get; init; }

    /// <summary>The time that was asked for; null: the moment of the request.</summary>
    public DateTimeOffset? PointInTime { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>How many entities it found; 0 while it runs.</summary>
    public long Found { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Message { get; init; }
}

public enum SearchJobStatus
{
    Running,
    Successful,
    Failed,
    Cancelled,
}

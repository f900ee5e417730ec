using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

/// <summary>Asynchronous searches in memory, for tests.</summary>
public sealed class MemorySearchJobs(MemorySearch searches, TimeProvider time) : ISearchJobs
{
    private readonly Lock gate = new();
    private readonly Dictionary<(TenantId, SearchJobId), Entry> jobs = [];

    public ValueTask<bool> TryAddAsync(SearchJob job, string server, int perTenantMax, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var own = jobs.Values.Where(e => e.Job.Tenant == job.Tenant && e.Job.ExpiresAt > job.CreatedAt)
                .ToLookup(e => Counts(e.Job.Status), e => e.Job);
            if (own[true].Count() >= perTenantMax) return ValueTask.FromResult(false);
            foreach (var old in own[false].OrderByDescending(j => j.CreatedAt).Skip(perTenantMax)) jobs.Remove((old.Tenant, old.Id));
            jobs[(job.Tenant, job.Id)] = new Entry(job, server, job.CreatedAt, []);
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask<SearchJob?> FindAsync(TenantId tenant, SearchJobId id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (gate)
            return ValueTask.FromResult(jobs.TryGetValue((tenant, id), out var entry) && entry.Job.ExpiresAt > now ? entry.Job : null);
    }

    public ValueTask<bool> RunAsync(SearchJob job, SearchQuery search, long resultsMax, CancellationToken cancellationToken)
    {
        SearchGuard.Check(search);
        var found = searches.Find(search, int.MaxValue);
        if (found.Count > resultsMax) throw Postgres.StoreErrors.ResultLimit(resultsMax);
        return ValueTask.FromResult(TryEnd(job.Tenant, job.Id, e => e with
        {
            Job = e.Job with { Status = SearchJobStatus.Successful, Found = found.Count, FinishedAt = time.GetUtcNow() },
            Found = found,
        }));
    }

    public ValueTask<bool> EndAsync(
        TenantId tenant, SearchJobId id, SearchJobStatus status, string? message, DateTimeOffset now,
        CancellationToken cancellationToken) =>
        ValueTask.FromResult(TryEnd(tenant, id, e => e with { Job = e.Job with { Status = status, Message = message, FinishedAt = now } }));

    public ValueTask<IReadOnlyList<FoundEntity>> ResultsAsync(
        TenantId tenant, SearchJobId id, long skip, int take, CancellationToken cancellationToken)
    {
        lock (gate)
            return ValueTask.FromResult<IReadOnlyList<FoundEntity>>(
                jobs.TryGetValue((tenant, id), out var entry) && skip < entry.Found.Count
                    ? [.. entry.Found.Skip((int)skip).Take(take)] : []);
    }

    public ValueTask<IReadOnlyList<RunningSearch>> HeartbeatAsync(string server, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var mine = jobs.Where(j => j.Value.Server == server && j.Value.Job.Status == SearchJobStatus.Running).ToList();
            foreach (var (key, entry) in mine) jobs[key] = entry with { HeardAt = now };
            return ValueTask.FromResult<IReadOnlyList<RunningSearch>>(
                [.. mine.Select(j => new RunningSearch(j.Value.Job.Tenant, j.Value.Job.Id))]);
        }
    }

    public ValueTask SweepAsync(DateTimeOffset now, DateTimeOffset heardSince, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            foreach (var key in jobs.Where(j => j.Value.Job.ExpiresAt <= now).Select(j => j.Key).ToList()) jobs.Remove(key);
            foreach (var (key, entry) in jobs.Where(
                j => j.Value.Job.Status == SearchJobStatus.Running && j.Value.HeardAt < heardSince).ToList())
                jobs[key] = entry with { Job = entry.Job with { Status = SearchJobStatus.Failed,
                    Message = "The server that ran it has stopped.", FinishedAt = now } };
        }
        return ValueTask.CompletedTask;
    }

    private static bool Counts(SearchJobStatus status) => status is SearchJobStatus.Running or SearchJobStatus.Successful;

    private bool TryEnd(TenantId tenant, SearchJobId id, Func<Entry, Entry> end)
    {
        lock (gate)
        {
            if (!jobs.TryGetValue((tenant, id), out var entry) || entry.Job.Status != SearchJobStatus.Running) return false;
            jobs[(tenant, id)] = end(entry);
            return true;
        }
    }

    private sealed record Entry(SearchJob Job, string Server, DateTimeOffset HeardAt, IReadOnlyList<FoundEntity> Found);
}

using Strata.Core;

namespace Strata.Storage.Postgres;

/// <summary>
/// The commits of one round trip. Invariant: no entity that one of them writes is written or read by another, no two want the same unique
/// value, and no two are the same commit, so each can be checked against the heads as they were before the group.
/// </summary>
internal sealed class AppendGroup(int commitsMax)
{
    private const int EntitiesMax = 4096;
    private const long DocumentBytesMax = 8 * 1024 * 1024;

    private readonly List<AppendRequest> members = new(commitsMax);
    private readonly HashSet<(TenantId, CommitId)> commits = [];
    private readonly HashSet<(TenantId, EntityId)> written = [];
    private readonly HashSet<(TenantId, EntityId)> read = [];
    private readonly HashSet<(TenantId, string)> claimed = [];
    private int entities;
    private long bytes;

    public IReadOnlyList<AppendRequest> Members => members;

    /// <summary>Takes one in, or says that it must wait for the next group. The first always fits.</summary>
    public bool TryAdd(AppendRequest request)
    {
        var commit = request.Commit;
        if (members.Count > 0 && (IsFull(request) || Touches(request))) return false;
        commits.Add((commit.Tenant, commit.Id));
        foreach (var write in commit.Writes) written.Add((commit.Tenant, write.Id));
        foreach (var expectation in commit.Reads) read.Add((commit.Tenant, expectation.Id));
        foreach (var claim in request.Claims) claimed.Add((commit.Tenant, claim.Text));
        entities += commit.Writes.Count + commit.Reads.Count;
        bytes += request.DocumentBytes;
        members.Add(request);
        return true;
    }

    public bool IsComplete => members.Count == commitsMax;

    public void Clear()
    {
        members.Clear();
        commits.Clear();
        written.Clear();
        read.Clear();
        claimed.Clear();
        (entities, bytes) = (0, 0);
    }

    private bool IsFull(AppendRequest request) =>
        members.Count == commitsMax
        || entities + request.Commit.Writes.Count + request.Commit.Reads.Count > EntitiesMax
        || bytes + request.DocumentBytes > DocumentBytesMax;

    private bool Touches(AppendRequest request)
    {
        var commit = request.Commit;
        if (commits.Contains((commit.Tenant, commit.Id))) return true;
        foreach (var write in commit.Writes)
        {
            var key = (commit.Tenant, write.Id);
            if (written.Contains(key) || (read.Count > 0 && read.Contains(key))) return true;
        }
        return commit.Reads.Any(r => written.Contains((commit.Tenant, r.Id)))
            || request.Claims.Any(c => claimed.Contains((commit.Tenant, c.Text)));
    }
}

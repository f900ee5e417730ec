using System.Text;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage;

/// <summary>What every log requires of a commit before processing it. A violation is a bug, so it throws.</summary>
internal static class CommitGuard
{
    public static void Check(Commit commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        Demand(commit.Writes.Count > 0, "A commit writes at least one entity.");
        Demand(commit.Writes.Count + commit.Reads.Count <= Commit.EntitiesMax, $"A commit holds at most {Commit.EntitiesMax} entities.");
        CheckDistinct(commit);
        foreach (var write in commit.Writes) CheckWrite(write);
    }

    private static void CheckDistinct(Commit commit)
    {
        if (commit.Writes.Count + commit.Reads.Count == 1) return;
        var seen = new HashSet<EntityId>(commit.Writes.Count + commit.Reads.Count);
        var distinct = commit.Writes.All(w => seen.Add(w.Id)) && commit.Reads.All(r => seen.Add(r.Id));
        Demand(distinct, "An entity appears at most once in a commit.");
    }

    private static void CheckWrite(EntityWrite write)
    {
        Demand(!write.Document.IsEmpty, "A write has a document.");
        foreach (var claim in write.Claims ?? [])
            Demand(Encoding.UTF8.GetByteCount(claim.Value) <= UniqueClaim.ValueBytesMax,
                $"A claimed value has at most {UniqueClaim.ValueBytesMax} bytes.");
    }

    private static void Demand(bool condition, string message)
    {
        if (!condition) throw new ArgumentException(message);
    }
}

using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Memory;

internal sealed partial class MemoryTenant
{
    public IReadOnlyList<HeldClaim> HeldClaims()
    {
        lock (gate)
            return [.. claims.All().Where(c => ModelFilter.Users.Wants(new ModelKey(c.Model, 1)))
                .Select(c => new HeldClaim($"{c.Model}/{c.Claim.Key}/{c.Claim.Value}", c.Holder, c.Model, c.Claim))];
    }

    public IReadOnlyList<HeldSchedule> HeldSchedules()
    {
        lock (gate)
            return [.. schedules.SelectMany(
                s => s.Value.Select(
                    (t, i) =>
                        new HeldSchedule(
                            MemoryTransfers.CursorOf(s.Key, histories[s.Key][^1].Revision, i), s.Key, histories[s.Key][^1].Revision, t)))];
    }

    public bool HoldsNothingOfUsers()
    {
        lock (gate) return !log.Exists(r => ModelFilter.UsersAndDefinitions.Wants(r.Model));
    }

    public DateTimeOffset? ClosedUntil
    {
        get
        {
            lock (gate) return closedUntil;
        }
    }

    /// <param name="until">Null: it is open. A time never shortens how long it is closed.</param>
    public void Close(DateTimeOffset? until)
    {
        lock (gate) closedUntil = until < closedUntil ? closedUntil : until;
    }

    public Revision? Publish(IReadOnlyDictionary<long, List<EntityRevision>> commitsByRevision, IReadOnlyList<HeldClaim> held,
        IReadOnlyList<HeldSchedule> armed, Revision head)
    {
        lock (gate)
        {
            closedUntil = null; // no other caller is here until the end
            if (!HoldsNothingOfUsers()) return null;
            var end = new Revision(starts.Count);
            for (var revision = 1L; revision <= head.Value; revision++)
            {
                starts.Add(log.Count);
                if (commitsByRevision.TryGetValue(revision, out var commit)) Publish(commit, new Revision(end.Value + revision));
            }
            foreach (var claim in held) claims.Put(claim.Model, claim.Claim, claim.Entity);
            foreach (var entity in armed.OrderBy(a => a.Cursor, StringComparer.Ordinal).GroupBy(a => a.Entity))
                schedules[entity.Key] = [.. entity.Select(a => a.Schedule)];
            return end;
        }
    }

    private void Publish(List<EntityRevision> commit, Revision revision)
    {
        foreach (var one in commit) Keep(one with { Revision = revision });
        lastAt = commit[0].ChangedAt > lastAt ? commit[0].ChangedAt : lastAt;
        commits[commit[0].Commit] = new AppendOutcome.AlreadyCommitted(revision, commit[0].ChangedAt);
    }
}

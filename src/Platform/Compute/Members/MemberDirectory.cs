using Strata.Compute.Peers;
using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.Compute.Members;

/// <summary>
/// The members that are connected to this server, and who gets the next call. Rules, in this order: of the same organization, and of the
/// whole of it or of the project that the entity's model belongs to; not leaving; serves one of the call's tags, or the call has none; has
/// room under its limit; has the fewest calls in flight; was given its last call the longest ago; joined first. Where all that would serve
/// are busy, calls wait in order of arrival, for a bounded time and in bounded number. Safe for concurrent use.
/// </summary>
public sealed class MemberDirectory(ComputeLimits limits, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, Group> groups = [];
    private long counter;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Organizations whose members or calls changed; null while no other server asks.</summary>
    private HashSet<TenantId>? changedTenants;

    /// <summary>Reports the calls to them.</summary>
    public CallWatch Calls { get; } = new();

    public CallCounts Counts { get; } = new();

    /// <summary>Members of all organizations.</summary>
    internal int Count
    {
        get { lock (gate) return groups.Values.Sum(g => g.Members.Count); }
    }

    /// <summary>SERVER_BUSY where the organization has as many as it may; BAD_REQUEST for invalid tags.</summary>
    /// <param name="limit">Calls that it works on at once; null: the default.</param>
    /// <param name="project">Id of the only project whose models it is asked about; null: of the whole organization.</param>
    public Result<Member> Join(
        TenantId tenant, string actor, IReadOnlyList<string> tags, int? limit, IMemberConnection connection, string? project = null)
    {
        if (tags.Count > limits.TagsMax || tags.Any(t => t.Length == 0 || t.Length > limits.TagCharactersMax))
            return ComputeErrors.Tags(limits.TagsMax, limits.TagCharactersMax);
        var bounded = Math.Clamp(limit ?? limits.CallsInFlight, 1, limits.CallsInFlightMax);
        lock (gate)
        {
            if (!groups.TryGetValue(tenant, out var group)) groups[tenant] = group = new Group();
            if (group.Members.Count >= limits.MembersMax) return ComputeErrors.TooManyMembers;
            var member = new Member(
                new MemberJoin(tenant, actor, [.. tags.Distinct(StringComparer.Ordinal)], bounded, project), ++counter, connection, time);
            group.Members.Add(member);
            Hand(group, member);
            NotifyChange(tenant);
            return member;
        }
    }

    /// <summary>It gets no new calls; those that it has it may finish.</summary>
    public void Drain(Member member)
    {
        lock (gate)
        {
            member.IsLeaving = true;
            NotifyChange(member.Join.Tenant);
        }
    }

    /// <summary>Removes a member that is gone and fails the calls that wait for it.</summary>
    public void Leave(Member member)
    {
        lock (gate)
        {
            if (!groups.TryGetValue(member.Join.Tenant, out var group) || !group.Members.Remove(member)) return;
            NotifyChange(member.Join.Tenant);
            if (group.Members.Count == 0 && group.Waiters.Count == 0) groups.Remove(member.Join.Tenant);
            else FailHopeless(group);
        }
        member.Lose();
    }

    /// <summary>An organization's members, in the order of their arrival.</summary>
    public IReadOnlyList<MemberReport> Report(TenantId tenant) => [.. MembersOf(tenant).Select(m => m.Report())];

    /// <summary>Whether any member serves these tags, busy or not.</summary>
    public bool Serves(TenantId tenant, IReadOnlyList<string> tags)
    {
        lock (gate) return groups.TryGetValue(tenant, out var group) && group.Members.Any(m => Serves(m, tags));
    }

    /// <summary>Completes when a member joined, is leaving or left. Take it before <see cref="TakeChanged"/>.</summary>
    internal Task NextChange
    {
        get { lock (gate) return changed.Task; }
    }

    /// <summary>
    /// The organizations whose members or calls in flight changed since the last time; the first time all that have members. From then on
    /// changes are recorded, until <see cref="IgnoreChanges"/>.
    /// </summary>
    internal IReadOnlyCollection<TenantId> TakeChanged()
    {
        lock (gate)
        {
            var taken = changedTenants ?? [.. groups.Keys];
            changedTenants = [];
            return taken;
        }
    }

    internal void IgnoreChanges()
    {
        lock (gate) changedTenants = null;
    }

    /// <summary>
    /// What other servers may call: the organization's members that are not leaving, by what they serve. Only the list of members is copied
    /// under the lock; calls in flight are read beside it and may be those of a moment later.
    /// </summary>
    internal IReadOnlyList<MemberGroup> GroupsOf(TenantId tenant)
    {
        var alike = MembersOf(tenant).Where(m => !m.IsLeaving).GroupBy(m => (m.Join.Project, m.SortedTags));
        return
        [
            .. alike.Select(same => new MemberGroup(same.Key.Project, same.First().Join.Tags, same.Count(), same.Sum(m => m.Join.Limit),
                same.Sum(m => m.InFlight))),
        ];
    }

    /// <summary>As <see cref="TakeAsync"/>, without waiting; null where no member has room.</summary>
    internal Member? TryTake(TenantId tenant, string? project, IReadOnlyList<string> tags, IReadOnlyCollection<Member> without)
    {
        lock (gate)
        {
            if (!groups.TryGetValue(tenant, out var group)) return null;
            return Free(Able(group, project, tags, without)) is { } free ? Reserve(free) : null;
        }
    }

    /// <summary>
    /// A member with a place reserved, which the caller gives back by <see cref="Release"/>; waits for one where all are busy.
    /// </summary>
    /// <param name="without">Tried already.</param>
    /// <param name="project">That the entity's model belongs to; null: to the organization.</param>
    internal async ValueTask<Result<Member>> TakeAsync(
        TenantId tenant, string? project, string name, IReadOnlyList<string> tags, IReadOnlyCollection<Member> without,
        CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (gate)
        {
            if (!groups.TryGetValue(tenant, out var group)) return ComputationErrors.NoMember(name, tags);
            var able = Able(group, project, tags, without);
            if (Free(able) is { } free) return Reserve(free);
            if (!able.Any()) return ComputationErrors.NoMember(name, tags);
            if (group.Waiters.Count >= limits.WaitingMax) return ComputeErrors.Busy(name, TimeSpan.Zero);
            waiter = new Waiter(name, project, tags, without);
            group.Waiters.AddLast(waiter);
        }
        return await WaitAsync(tenant, waiter, cancellationToken);
    }

    /// <summary>Returns a place; the first waiter for such a member gets it.</summary>
    internal void Release(Member member)
    {
        lock (gate)
        {
            member.InFlight--;
            Counts.Ended();
            changedTenants?.Add(member.Join.Tenant);
            if (groups.TryGetValue(member.Join.Tenant, out var group)) Hand(group, member);
        }
    }

    private async ValueTask<Result<Member>> WaitAsync(TenantId tenant, Waiter waiter, CancellationToken cancellationToken)
    {
        Counts.BeganWaiting();
        try
        {
            return await waiter.Turn.Task.WaitAsync(limits.WaitMax, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return GiveUp(tenant, waiter) ?? ComputeErrors.Busy(waiter.Name, limits.WaitMax);
        }
        catch (OperationCanceledException)
        {
            if (GiveUp(tenant, waiter) is { IsOk: true } late) Release(late.Value);
            throw;
        }
        finally
        {
            Counts.EndedWaiting();
        }
    }

    /// <summary>What came at the very last moment; null: nothing, and nothing will.</summary>
    private Result<Member>? GiveUp(TenantId tenant, Waiter waiter)
    {
        lock (gate)
        {
            if (waiter.Outcome is { } outcome) return outcome;
            if (groups.TryGetValue(tenant, out var group)) group.Waiters.Remove(waiter);
            return null;
        }
    }

    private static IEnumerable<Member> Able(
        Group group, string? project, IReadOnlyList<string> tags, IReadOnlyCollection<Member> without) =>
        group.Members.Where(m => Serves(m, tags) && IsFor(m, project) && !without.Contains(m));

    private static Member? Free(IEnumerable<Member> able) =>
        able.Where(m => m.InFlight < m.Join.Limit).MinBy(m => (m.InFlight, m.LastGiven, m.Number));

    private Member[] MembersOf(TenantId tenant)
    {
        lock (gate) return groups.TryGetValue(tenant, out var group) ? [.. group.Members] : [];
    }

    private void NotifyChange(TenantId tenant)
    {
        changedTenants?.Add(tenant);
        changed.TrySetResult();
        changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private Member Reserve(Member member)
    {
        member.InFlight++;
        Counts.Began();
        changedTenants?.Add(member.Join.Tenant);
        member.LastGiven = ++counter;
        return member;
    }

    private void Hand(Group group, Member member)
    {
        for (var at = group.Waiters.First; at is not null && member.InFlight < member.Join.Limit;)
        {
            var (next, waiter) = (at.Next, at.Value);
            if (!member.IsGone && Serves(member, waiter.Tags) && IsFor(member, waiter.Project) && !waiter.Without.Contains(member))
            {
                group.Waiters.Remove(at);
                waiter.Set(Reserve(member));
            }
            at = next;
        }
    }

    /// <summary>Fails the waiters that no member can serve any more.</summary>
    private static void FailHopeless(Group group)
    {
        for (var at = group.Waiters.First; at is not null;)
        {
            var (next, waiter) = (at.Next, at.Value);
            if (!group.Members.Any(m => Serves(m, waiter.Tags) && IsFor(m, waiter.Project) && !waiter.Without.Contains(m)))
            {
                group.Waiters.Remove(at);
                waiter.Set(ComputationErrors.NoMember(waiter.Name, waiter.Tags));
            }
            at = next;
        }
    }

    private static bool Serves(Member member, IReadOnlyList<string> tags) =>
        !member.IsLeaving && (tags.Count == 0 || tags.Any(member.Join.Tags.Contains));

    private static bool IsFor(Member member, string? project) => member.Join.Project is null || member.Join.Project == project;

    private sealed class Group
    {
        public List<Member> Members { get; } = [];
        public LinkedList<Waiter> Waiters { get; } = [];
    }

    private sealed record Waiter(string Name, string? Project, IReadOnlyList<string> Tags, IReadOnlyCollection<Member> Without)
    {
        public TaskCompletionSource<Result<Member>> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Null while it waits. Guarded by the directory.</summary>
        public Result<Member>? Outcome { get; private set; }

        public void Set(Result<Member> outcome)
        {
            Outcome = outcome;
            Turn.SetResult(outcome);
        }
    }
}

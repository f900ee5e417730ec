using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Strata.Core;
using Strata.Resources.Servers;

namespace Strata.Compute.Peers;

/// <summary>
/// Which other servers have members for which organizations and tags, in memory. Each server keeps a stream of changes open to each other
/// one; when the stream ends, that server's members count as gone at once. Choosing costs no round trip, and nothing where there are no
/// others. Safe for concurrent use.
/// </summary>
public sealed class PeerMembers
{
    private readonly ConcurrentDictionary<string, PeerView> views = new(StringComparer.Ordinal);
    private long counter;

    public bool IsEmpty => views.IsEmpty;

    /// <summary>Whether a member of another server would serve these tags, busy or not.</summary>
    public bool Serves(TenantId tenant, IReadOnlyList<string> tags) =>
        !IsEmpty && views.Values.Any(v => v.GroupsOf(tenant).Any(g => g.Serves(tags)));

    /// <summary>The server whose members have the most room for such a call, by what is known; null: none has members for it.</summary>
    /// <param name="withRoom">Only one that is known to have room.</param>
    internal PeerView? Choose(TenantId tenant, string? project, IReadOnlyList<string> tags, IReadOnlyCollection<PeerView> without,
        bool withRoom)
    {
        if (IsEmpty) return null;
        PeerView? best = null;
        var least = (Load: double.MaxValue, LastGiven: long.MaxValue);
        foreach (var view in views.Values)
        {
            if (without.Contains(view) || !view.TryGetLoad(tenant, project, tags, out var load) || (withRoom && load >= 1)) continue;
            var measure = (load, view.LastGiven);
            if (best is not null && measure.CompareTo(least) >= 0) continue;
            (best, least) = (view, measure);
        }
        if (best is not null) best.LastGiven = Interlocked.Increment(ref counter);
        return best;
    }

    /// <summary>The server is connected; <see cref="PeerView.Set"/> of the view then sets its members.</summary>
    internal PeerView Add(PeerServer peer)
    {
        var view = new PeerView(peer);
        views[peer.ServerId] = view;
        return view;
    }

    /// <summary>The stream to it has ended.</summary>
    internal void Remove(PeerView view) => views.TryRemove(new(view.Peer.ServerId, view));
}

/// <summary>What is known of one server's members, as long as the stream to it lasts. Safe for concurrent use.</summary>
internal sealed class PeerView(PeerServer peer)
{
    private readonly ConcurrentDictionary<TenantId, MemberGroup[]> groups = new();

    /// <summary>Unanswered calls that this server has given it: known at once, unlike its own reports.</summary>
    private readonly ConcurrentDictionary<TenantId, int> given = new();
    private long lastGiven;

    public PeerServer Peer => peer;

    public long LastGiven
    {
        get => Volatile.Read(ref lastGiven);
        set => Volatile.Write(ref lastGiven, value);
    }

    public MemberGroup[] GroupsOf(TenantId tenant) => groups.GetValueOrDefault(tenant, []);

    public void Set(TenantId tenant, IReadOnlyList<MemberGroup> present)
    {
        if (present.Count == 0) groups.TryRemove(tenant, out _);
        else groups[tenant] = [.. present];
    }

    /// <summary>The part of the members' limit that is in use; false where there are no members for the call.</summary>
    public bool TryGetLoad(TenantId tenant, string? project, IReadOnlyList<string> tags, [NotNullWhen(true)] out double load)
    {
        var (limit, inFlight) = (0L, 0L);
        foreach (var group in GroupsOf(tenant))
        {
            if (!group.Serves(tags) || !group.IsFor(project)) continue;
            limit += group.Limit;
            inFlight += group.InFlight;
        }
        load = limit == 0 ? 0 : (double)Math.Max(inFlight, given.GetValueOrDefault(tenant)) / limit;
        return limit > 0;
    }

    public void Gave(TenantId tenant) => given.AddOrUpdate(tenant, 1, static (_, n) => n + 1);

    public void Answered(TenantId tenant)
    {
        while (given.TryGetValue(tenant, out var n))
        {
            if (n > 1 ? given.TryUpdate(tenant, n - 1, n) : given.TryRemove(new(tenant, n))) return;
        }
    }
}

using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Resources.Servers;

/// <summary>Another server of this cloud that is UP.</summary>
public sealed record PeerServer(string ServerId, string Name, Uri Address)
{
    /// <summary>Of one life of its process; null: it is not known.</summary>
    public string? Life { get; init; }
}

/// <summary>
/// The other servers of this cloud, from the informer: reading costs no round trip. One that was killed stays here until its heartbeats
/// have ended; a call to it in between fails. Safe for concurrent use.
/// </summary>
public sealed class ServerDirectory
{
    /// <summary>A server that serves is registered, and known to all others, long before.</summary>
    private static readonly TimeSpan RegistrationMax = TimeSpan.FromMinutes(1);

    private readonly Informer<ServerSpec, ServerPresence> servers;
    private readonly TimeProvider time;
    private readonly VersionedRead<View> view;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ServerDirectory(ServerSelf self, Informer<ServerSpec, ServerPresence> servers, TimeProvider time)
    {
        (Self, this.servers, this.time) = (self, servers, time);
        view = new(Read);
        servers.Untyped.Observe((_, _) =>
        {
            view.Changed();
            Interlocked.Exchange(ref changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        });
    }

    public ServerSelf Self { get; }

    /// <summary>Completes at the next change. Take it before reading <see cref="Others"/>.</summary>
    public Task NextChange => Volatile.Read(ref changed).Task;

    /// <summary>Those that are UP, by name.</summary>
    public IReadOnlyList<PeerServer> Others => view.Value.Others;

    /// <summary>Null: it is this one, is not UP, or is not one of this cloud's.</summary>
    public PeerServer? Find(ReadOnlySpan<char> serverId)
    {
        foreach (var other in Others)
        {
            if (serverId.SequenceEqual(other.ServerId)) return other;
        }
        return null;
    }

    /// <summary>
    /// Whether this server is DOWN or GONE, or is none of the cloud's. False while the list may be behind, as after a start of this server
    /// or of that one.
    /// </summary>
    public bool HasEnded(string serverId)
    {
        if (!servers.Untyped.IsSynced || Find(serverId) is not null) return false;
        return view.Value.Ended.Contains(serverId) || time.GetUtcNow() - Self.StartedAt > RegistrationMax;
    }

    private View Read()
    {
        var (others, ended) = (new List<PeerServer>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var server in servers.All(TenantId.Platform))
        {
            if (server.State is ServerStates.Down or ServerStates.Gone) ended.Add(server.Spec.ServerId);
            if (server.State != ServerStates.Up || server.Spec.ServerId == Self.ServerId) continue;
            if (Uri.TryCreate(server.Status.Address, UriKind.Absolute, out var address))
                others.Add(new PeerServer(server.Spec.ServerId, server.Name, address) { Life = server.Status.Life });
        }
        others.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return new View(others, ended);
    }

    /// <param name="Others">Those that are UP, by name.</param>
    /// <param name="Ended">The ids of those that are DOWN or GONE.</param>
    private sealed record View(IReadOnlyList<PeerServer> Others, IReadOnlySet<string> Ended);
}

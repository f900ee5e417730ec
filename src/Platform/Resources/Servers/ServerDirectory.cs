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
    private readonly Informer<ServerSpec, ServerPresence> servers;
    private readonly VersionedRead<IReadOnlyList<PeerServer>> others;
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ServerDirectory(ServerSelf self, Informer<ServerSpec, ServerPresence> servers)
    {
        (Self, this.servers) = (self, servers);
        others = new(Read);
        servers.Untyped.Observe((_, _) =>
        {
            others.Changed();
            Interlocked.Exchange(ref changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        });
    }

    public ServerSelf Self { get; }

    /// <summary>Completes at the next change. Take it before reading <see cref="Others"/>.</summary>
    public Task NextChange => Volatile.Read(ref changed).Task;

    /// <summary>Those that are UP, by name.</summary>
    public IReadOnlyList<PeerServer> Others => others.Value;

    /// <summary>Null: it is this one, is not UP, or is not one of this cloud's.</summary>
    public PeerServer? Find(ReadOnlySpan<char> serverId)
    {
        foreach (var other in Others)
        {
            if (serverId.SequenceEqual(other.ServerId)) return other;
        }
        return null;
    }

    private List<PeerServer> Read()
    {
        var read = new List<PeerServer>();
        foreach (var server in servers.All(TenantId.Platform))
        {
            if (server.State != ServerStates.Up || server.Spec.ServerId == Self.ServerId) continue;
            if (Uri.TryCreate(server.Status.Address, UriKind.Absolute, out var address))
                read.Add(new PeerServer(server.Spec.ServerId, server.Name, address) { Life = server.Status.Life });
        }
        read.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return read;
    }
}

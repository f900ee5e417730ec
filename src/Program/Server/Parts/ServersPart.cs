using Microsoft.Extensions.DependencyInjection;
using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Informers;
using Strata.Resources.Servers;
using Strata.Server.Options;
using Strata.Server.Status;

namespace Strata.Server.Parts;

/// <summary>Reports the servers of this cloud, from memory.</summary>
internal sealed class ServersPart(ServerOptions options, ApiPart api) : IPart
{
    private Informer<ServerSpec, ServerPresence>? servers;
    private ServerSelf? self;

    public string Name => "servers";

    /// <summary>Whether the views that the status is read from are there.</summary>
    public bool HasStarted => servers is not null;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        self = api.Services.GetRequiredService<ServerSelf>();
        servers = api.Services.GetRequiredService<Informer<ServerSpec, ServerPresence>>();
        return Task.CompletedTask;
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A server that is away is not an error of this one.</summary>
    public PartHealth Health()
    {
        if (servers is null) return new PartHealth(false, "have not started");
        var known = Known();
        var up = 1 + known.Count(s => s is { IsSelf: false, State: ServerStates.Up }); // this one answers
        var down = known.Where(s => s is { IsSelf: false, State: ServerStates.Down }).Select(s => s.Name).ToList();
        var text = up == 1 ? "1 server is up" : $"{up} servers are up";
        return new PartHealth(true, down.Count == 0 ? text : $"{text}; down: {string.Join(", ", down)}");
    }

    public IReadOnlyList<KnownServer> Known() => servers is null ? [] :
    [
        .. servers.All(TenantId.Platform).OrderBy(s => s.Name, StringComparer.Ordinal).Select(s => new KnownServer(
            s.Name, s.State, s.Status.Address, s.Status.Version, s.Spec.ServerId == self!.ServerId,
            s.State == ServerStates.Up ? null : s.Status.Heartbeat)),
    ];

    public IReadOnlyList<StatusWarning> Warnings()
    {
        var known = Known();
        List<StatusWarning> warnings =
        [
            .. known.Where(s => s is { IsSelf: false, State: ServerStates.Down }).Select(s => new StatusWarning(
                "server " + s.Name, $"its heartbeats ended at {s.Heartbeat:u}, and it was not stopped",
                "Start it again, or leave it: it is removed a day after its end")),
        ];
        if (known.Count(s => s.State == ServerStates.Up) < 2) return warnings;
        if (options.BlobBucket is null && options.BlobFolder is null)
        {
            warnings.Add(new StatusWarning(
                "blobs",
                "several servers are up, and this one keeps sources and images in its own data folder, where the others do not see them",
                "Set blobs to s3://BUCKET, or to a folder that all servers share: docs/servers.md"));
        }
        if (options is { PeerAddressSet: null, Listen: var listen } && (listen.Equals(System.Net.IPAddress.Any)
            || listen.Equals(System.Net.IPAddress.IPv6Any)))
        {
            warnings.Add(new StatusWarning(
                "peer address", $"the other servers reach this one at {options.PeerAddress}, which is right on this machine only",
                "Set peer-address to an address that the others reach: docs/servers.md"));
        }
        return warnings;
    }
}

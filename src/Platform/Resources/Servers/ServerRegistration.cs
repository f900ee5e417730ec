using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Background;
using Strata.Resources.Kinds;

namespace Strata.Resources.Servers;

/// <summary>
/// Keeps this server registered. Its heartbeats renew a lease, so a beat writes no revision; the resource is written at the start, when the
/// lease was lost in between, and at the end (GONE). A start takes the lease over from <see cref="ServerIdClaim"/>, or from a former life
/// of the same place; after that a lost lease is only taken when it is free, so that two processes with one id never take it from each
/// other: one that finds another place under its id stops, so that no two servers answer as the same one. A read or write that fails is
/// tried again under the same lease: the server keeps answering, so it must not be marked DOWN.
/// </summary>
public sealed partial class ServerRegistration(
    ServerSelf self, ResourceStore<ServerSpec, ServerPresence> servers, ILeases leases, IHostApplicationLifetime host, TimeProvider time,
    Supervisor supervisor, ILogger<ServerRegistration> logger)
    : SupervisedService(supervisor, "server-registration")
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    /// <summary>How often it looks whether its resource is still there.</summary>
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMinutes(1);

    /// <summary>How long the last word may take at a stop; without it the others wait for the lease to lapse.</summary>
    private static readonly TimeSpan LeaveMax = TimeSpan.FromSeconds(2);

    private bool hasTakenOver;

    /// <summary>Takes the lease and holds it, again whenever it is lost, until the server stops.</summary>
    protected override async Task ExecuteAsync(SupervisedWork work, CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                if (await TakeAsync(stoppingToken) is not { } lease)
                {
                    work.Failed(ServerLease.IdInUse.ToException());
                    await StopIfReplacedAsync(stoppingToken);
                }
                else
                    await using (lease) await HoldAsync(lease, work, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                work.Failed(e);
            }
            await Task.Delay(Retry, time, stoppingToken);
        }
    }

    private async Task<HeldLease?> TakeAsync(CancellationToken cancellationToken)
    {
        var lease = await ServerLease.TryTakeAsync(
            leases, self, holder => !hasTakenOver && ServerLease.IsOf(self, holder), time, cancellationToken);
        hasTakenOver |= lease is not null;
        return lease;
    }

    /// <summary>While this server could not renew its lease, as in an outage of the database, another place has taken its id.</summary>
    private async Task StopIfReplacedAsync(CancellationToken cancellationToken)
    {
        if (!hasTakenOver) return;
        var holder = await leases.HolderAsync(ServerLease.Of(self.ServerId), cancellationToken);
        if (holder is null || ServerLease.IsOf(self, holder)) return;
        LogReplaced(logger, ServerLease.IdInUse.Code, ServerLease.IdInUse.NextStep!);
        host.StopApplication();
    }

    /// <summary>Until the lease is lost or the server stops, whatever fails meanwhile.</summary>
    private async Task HoldAsync(HeldLease lease, SupervisedWork work, CancellationToken stoppingToken)
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lease.Lost);
        try
        {
            for (var isRegistered = false; ;)
            {
                var isDone = await TryRegisterAsync(lease.Fence, isFirst: !isRegistered, work, term.Token);
                isRegistered |= isDone;
                await Task.Delay(isDone ? CheckEvery : Retry, time, term.Token);
            }
        }
        catch (OperationCanceledException) when (term.IsCancellationRequested)
        {
            if (stoppingToken.IsCancellationRequested && !lease.Lost.IsCancellationRequested) await LeaveAsync(lease.Fence);
        }
    }

    /// <returns>Whether the resource is there and UP.</returns>
    private async Task<bool> TryRegisterAsync(Fence fence, bool isFirst, SupervisedWork work, CancellationToken cancellationToken)
    {
        try
        {
            await RegisterAsync(fence, isFirst, cancellationToken);
            work.Succeeded();
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            work.Failed(e);
            return false;
        }
    }

    private async Task RegisterAsync(Fence fence, bool isFirst, CancellationToken cancellationToken)
    {
        var caller = CallerOf(fence);
        var found = await servers.GetAsync(caller, self.Name, AsOf.Latest, cancellationToken);
        if (found.Error?.Kind == ErrorKind.NotFound)
        {
            var spec = new ServerSpec { ServerId = self.ServerId };
            found = await servers.CreateAsync(caller, new NewResource<ServerSpec> { Name = self.Name, Spec = spec }, null,
                cancellationToken);
            isFirst = true; // its status is to be written
        }
        if (!found.TryGet(out var server, out var error)) throw error.ToException();
        if (!isFirst && server.State == ServerStates.Up) return;
        var now = new ServerPresence
        {
            Address = self.Address.ToString().TrimEnd('/'), Version = self.Version, StartedAt = self.StartedAt,
            Heartbeat = time.GetUtcNow(), Life = self.Life,
        };
        var written = await servers.ChangeAsync(caller, server.Id, s => s with { Status = now }, "up", null, cancellationToken);
        if (!written.IsOk) throw written.Error.ToException();
    }

    /// <summary>The last word; where the database is away, the controller of another server says DOWN instead.</summary>
    private async Task LeaveAsync(Fence fence)
    {
        using var enough = new CancellationTokenSource(LeaveMax, time);
        try
        {
            await servers.ChangeAsync(
                CallerOf(fence), self.Name, s => s with { Status = s.Status with { Heartbeat = time.GetUtcNow() } }, "leave", null,
                enough.Token)
                .AsTask().WaitAsync(enough.Token);
        }
        catch (Exception e) when (e is StrataException or OperationCanceledException)
        {
            // The store cannot be updated; the lease expires by itself.
        }
    }

    [LoggerMessage(Level = LogLevel.Critical,
        Message = "{Code}: another process has taken this server's id while its lease could not be renewed; this one stops. {NextStep}")]
    private static partial void LogReplaced(ILogger logger, string code, string nextStep);

    private Caller CallerOf(Fence fence) => new(TenantId.Platform, "server:" + self.Name) { Fence = fence };
}

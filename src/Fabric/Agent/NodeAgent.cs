using System.Net;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Agent.Health;
using Strata.Agent.Hooks;
using Strata.Agent.Relay;
using Strata.Agent.Images;
using Strata.Runtimes;

namespace Strata.Agent;

/// <summary>How an agent behaves.</summary>
public sealed record NodeAgentOptions
{
    /// <summary>Name of the node: 1 to 63 of a-z, 0-9 and "-".</summary>
    public required string Name { get; init; }

    /// <summary>Where other machines reach this one.</summary>
    public string Address { get; init; } = "127.0.0.1";

    public string Version { get; init; } = "";

    /// <summary>A third of the lease that a heartbeat takes.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>
/// Runs on a machine what its instances say should run there. It uses the public API only and knows only the instances that the API lists;
/// what it finds running without an instance is stopped. It may die at any time: what it started keeps running and is adopted by the next
/// one. One per <see cref="NodeMachine"/>.
/// </summary>
public sealed class NodeAgent(
    StrataClient client, NodeMachine machine, NodeAgentOptions options, Supervisor supervisor, TimeProvider time, ILoggerFactory loggers)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaveMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CollectPeriod = TimeSpan.FromMinutes(5);

    private readonly ILogger logger = loggers.CreateLogger<NodeAgent>();
    private readonly LayerCache layers = new(machine.Paths, client, time);

    private volatile InstanceSet? present;

    /// <summary>Why the last heartbeat was not taken; null when it was, or before the first.</summary>
    public string? LastBeatError { get; private set; }

    /// <summary>
    /// Works until cancelled; then leaves everything running. Each of its loops is supervised separately. Returns earlier when the node was
    /// deleted: the caller then registers the machine again and starts another agent, with the new node's token.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var health = new HealthProbe();
        var hooks = new InstanceHooks(client, machine, layers, supervisor, time, logger);
        var parts = new AgentParts(machine.Runtime, machine.Paths.Disk, hooks, new InstanceReport(client), health, time, logger);
        try
        {
            var hold = new NodeHold(client, options, time, logger);
            var node = await RegisterAsync(cancellationToken);
            while (node is not null && await hold.TakeAsync(Record, cancellationToken))
            {
                await RunTermAsync(node, parts, hold, cancellationToken);
                if (!hold.IsGone) logger.Replaced(options.Name);
            }
            logger.NodeGone(options.Name);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to.
        }
    }

    /// <summary>
    /// Reports that all runs of this machine end now, before they are stopped. An instance whose report does not arrive in time is shown as
    /// running until the next agent finds that it does not.
    /// </summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (present is not { } instances) return;
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        enough.CancelAfter(LeaveMax);
        try
        {
            await instances.LeaveAsync().WaitAsync(enough.Token);
        }
        catch (OperationCanceledException)
        {
            logger.LeftUnreported(options.Name);
        }
    }

    /// <summary>
    /// Works while this agent holds the node, and returns when all of its work has ended. Each loop is supervised separately.
    /// </summary>
    private async Task RunTermAsync(
        Resource<NodeSpec, NodeStatus> node, AgentParts parts, NodeHold hold, CancellationToken cancellationToken)
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var instances = present = new InstanceSet(machine, parts, supervisor, logger);
        try
        {
            await supervisor.RunAsync(term.Token, [
                ("agent-instances", (work, stop) => FollowAsync(node, instances, work, stop)),
                ("agent-heartbeat", KeepAsync),
                ("agent-relay", (_, stop) => RelayAsync(stop)),
                ("agent-layers", CollectAsync),
                ("agent-disk", new DiskGuard(machine, instances, time, logger).RunAsync),
            ]);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The term is over.
        }
        finally
        {
            await instances.EndedAsync();
        }

        async Task KeepAsync(SupervisedWork work, CancellationToken stop)
        {
            await hold.KeepAsync(error => Record(work, error), stop);
            await term.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stop); // until the others have stopped too
        }
    }

    /// <summary>What became of a heartbeat.</summary>
    private void Record(Exception? error) => LastBeatError = error?.Message;

    private void Record(SupervisedWork work, Exception? error)
    {
        Record(error);
        if (error is null) work.Succeeded();
        else work.Failed(error); // a heartbeat delayed beyond the lease would cost the node its instances
    }

    /// <summary>
    /// Brings the node's entity up to date; tries until the API answers. The server registers the node before its agent gets a token.
    /// </summary>
    /// <returns>Null where the node is gone.</returns>
    private async Task<Resource<NodeSpec, NodeStatus>?> RegisterAsync(CancellationToken cancellationToken)
    {
        var nodes = client.Resources<NodeSpec, NodeStatus>(Plurals.Nodes);
        while (true)
        {
            try
            {
                var node = await nodes.GetAsync(options.Name, cancellationToken: cancellationToken);
                node = await nodes.ChangeAsync(node, node with { Status = Describe() }, cancellationToken: cancellationToken);
                logger.Registered(node.Name, machine.Runtime.Name, machine.Runtime.List().Count);
                return node;
            }
            catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
            {
                return null;
            }
            catch (StrataException e)
            {
                logger.Unreachable(e.Error.Message);
                await Task.Delay(RetryPause, time, cancellationToken);
            }
        }
    }

    private NodeStatus Describe() => new()
    {
        Address = options.Address,
        Runtimes = machine.Runtime.Name == "oci" ? ["oci", "process"] : ["process"],
        NotIsolated = machine.Runtime.NotIsolated,
        Cpus = Environment.ProcessorCount,
        MemoryBytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        AgentVersion = options.Version,
        InstanceSubnets = machine.Runtime.InstanceSubnets,
        HostPorts = machine.Runtime.HostPorts,
    };

    private async Task FollowAsync(
        Resource<NodeSpec, NodeStatus> node, InstanceSet instances, SupervisedWork work, CancellationToken cancellationToken)
    {
        var filter = new ResourceFilter { Fields = new Dictionary<string, string> { ["spec.node"] = node.Id } };
        var source = client.Resources<InstanceSpec, InstanceStatus>(Plurals.Instances);
        while (true)
        {
            try
            {
                await foreach (var change in source.FollowAsync(filter, error => logger.Unreachable(error.Message), cancellationToken))
                {
                    await instances.TakeAsync(change, cancellationToken);
                    work.Succeeded();
                }
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                work.Failed(e); // instances that are not watched must not wait for the supervisor's back-off
            }
            await Task.Delay(RetryPause, time, cancellationToken);
        }
    }

    private Task RelayAsync(CancellationToken cancellationToken) => machine.Relay is not var (address, port)
        ? Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken)
        : new ApiRelay(new IPEndPoint(IPAddress.Parse(address), port), client.Address, machine.Runtime, time,
            loggers.CreateLogger<ApiRelay>()).RunAsync(cancellationToken);

    private async Task CollectAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        while (true)
        {
            layers.Collect(() => machine.Runtime.List().Select(run => run.AppFolder).ToHashSet());
            work.Succeeded();
            await Task.Delay(CollectPeriod, time, cancellationToken);
        }
    }
}

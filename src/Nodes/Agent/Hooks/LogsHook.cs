using System.Collections.Concurrent;
using Strata.Client;
using Strata.Core;
using Strata.Nodes.Agent.Logs;

namespace Strata.Nodes.Agent.Hooks;

/// <summary>Ships an instance's output from before its first line to after its last.</summary>
internal sealed class LogsHook(StrataClient client, TimeProvider time) : IInstanceHook
{
    private readonly ConcurrentDictionary<string, Shipping> shipping = new();

    public Task<Result<Done>> StartAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        Begin(context, cancellationToken);
        return Task.FromResult<Result<Done>>(default(Done));
    }

    public Task ResumeAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        Begin(context, cancellationToken);
        return Task.CompletedTask;
    }

    public async Task StopAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        if (!shipping.TryRemove(context.Id, out var current)) return;
        await current.Stop.CancelAsync();
        await current.Loop;
        current.Stop.Dispose();
        await current.Shipper.DrainAsync(cancellationToken);
        LogFile.Delete(context.LogFile);
    }

    private void Begin(InstanceContext context, CancellationToken cancellationToken)
    {
        if (shipping.ContainsKey(context.Id)) return;
        var shipper = new LogShipper(client, context.Id, context.Org, context.LogFile, time);
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        shipping[context.Id] = new Shipping(shipper, stop, Task.Run(() => shipper.RunAsync(stop.Token), CancellationToken.None));
    }

    private sealed record Shipping(LogShipper Shipper, CancellationTokenSource Stop, Task Loop);
}

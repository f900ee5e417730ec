using Strata.Runtimes;
using System.Collections.Concurrent;
using Strata.Client;
using Strata.Core;
using Strata.Core.Background;
using Strata.Agent.Logs;

namespace Strata.Agent.Hooks;

/// <summary>Ships an instance's output from before its first line to after its last.</summary>
internal sealed class LogsHook(StrataClient client, Supervisor supervisor, TimeProvider time) : IInstanceHook
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
        await current.Loop.StopAsync(cancellationToken);
        await current.Shipper.DrainAsync(cancellationToken);
        LogFile.Delete(context.LogFile);
    }

    private void Begin(InstanceContext context, CancellationToken cancellationToken)
    {
        // A loop of an earlier term has ended with it: an agent that gets its node back resumes shipping.
        if (shipping.TryGetValue(context.Id, out var present) && !present.Loop.Completion.IsCompleted) return;
        var shipper = new LogShipper(client, context.Id, context.Org, context.LogFile, time);
        shipping[context.Id] = new Shipping(shipper, supervisor.StartUntilDone("agent-logs", async (_, stop) =>
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, cancellationToken);
            await shipper.RunAsync(both.Token);
        }));
    }

    private sealed record Shipping(LogShipper Shipper, SupervisedWork Loop);
}

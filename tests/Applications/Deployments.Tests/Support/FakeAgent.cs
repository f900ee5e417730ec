using System.Collections.Concurrent;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.Deployments.Tests.Support;

/// <summary>Does with instances what a node's agent does, without running anything.</summary>
internal sealed class FakeAgent(DeploymentStores stores) : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private Task? work;

    /// <summary>Images whose instances fail, and what they say.</summary>
    public ConcurrentDictionary<string, string> Sick { get; } = new();

    public void Start() => work = Task.Run(WorkAsync);

    /// <summary>May be called twice.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (work is not null) await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task WorkAsync()
    {
        while (true)
        {
            await foreach (var instance in stores.Instances.AllAsync(null, null, stop.Token)) await MoveAsync(instance);
            await Task.Delay(10, stop.Token);
        }
    }

    private async Task MoveAsync(Resource<InstanceSpec, InstanceStatus> instance)
    {
        var sickness = Sick.GetValueOrDefault(instance.Spec.Image);
        var transition = instance.State switch
        {
            InstanceStates.Assigned => "start",
            InstanceStates.Starting => sickness is null ? "ready" : "fail",
            InstanceStates.Stopping => "stopped",
            _ => null,
        };
        if (transition is null) return;
        var caller = new Caller(StoreQueries.Tenant(instance.Org), "agent:test");
        await stores.Instances.ChangeAsync(
            caller, instance.Id, x =>
                x with { Status = x.Status with { Address = "10.0.0.2", Port = x.Spec.Port,
                    Message = transition == "fail" ? sickness : null } }, transition, null, stop.Token);
    }
}

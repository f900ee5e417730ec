using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Agent.Hooks;
using Strata.Agent.Logs;
using Strata.Runtimes;

namespace Strata.Agent;

/// <summary>
/// The instances of this node, each with its loop. Fed by a watch: after a reset, an instance that is not listed again before Ready is
/// gone. Only then is it known what should run, and runs without an instance are stopped. Called by one watch at a time.
/// </summary>
internal sealed class InstanceSet(NodeMachine machine, AgentParts parts, Supervisor supervisor, ILogger logger)
{
    private readonly ConcurrentDictionary<string, InstanceRunner> runners = new();
    private readonly ConcurrentDictionary<string, SupervisedWork> loops = new();
    private readonly HashSet<string> listed = [];
    private volatile bool isLeaving;

    /// <summary>
    /// After the token of all <see cref="TakeAsync"/> was cancelled: when the last loop has ended. What they looked after runs on.
    /// </summary>
    public Task EndedAsync() => Task.WhenAll(loops.Values.Select(loop => loop.Completion));

    public async Task TakeAsync(WatchEvent<InstanceSpec, InstanceStatus> happened, CancellationToken cancellationToken)
    {
        switch (happened.Type)
        {
            case WatchEventType.Reset:
                listed.Clear();
                break;
            case WatchEventType.Ready:
                await SweepAsync(cancellationToken);
                break;
            case WatchEventType.Item when happened.Resource is { } instance:
                listed.Add(instance.Id);
                Take(instance, cancellationToken);
                break;
        }
    }

    /// <summary>Has the instance of a run stopped, with this as its message. False: there is no such instance.</summary>
    public bool Evict(string id, string sentence)
    {
        if (!runners.TryGetValue(id, out var runner)) return false;
        runner.Evict(sentence);
        return true;
    }

    /// <summary>As <see cref="InstanceRunner.LeaveAsync()"/>, of all; further instances are left to the next agent.</summary>
    public Task LeaveAsync()
    {
        isLeaving = true;
        return Task.WhenAll(runners.Values.Select(runner => runner.LeaveAsync()));
    }

    private void Take(Resource<InstanceSpec, InstanceStatus> instance, CancellationToken cancellationToken)
    {
        if (runners.TryGetValue(instance.Id, out var runner))
        {
            runner.Update(instance.Deleted ? null : instance);
            return;
        }
        var isOver = instance.Deleted || instance.State == InstanceStates.Stopped;
        if (isLeaving || (isOver && machine.Runtime.Find(instance.Id) is null)) return;
        runner = new InstanceRunner(new InstanceContext(instance, LogFile.PathOf(machine.Paths, instance.Id)), parts);
        if (instance.Deleted) runner.Update(null);
        runners[instance.Id] = runner;
        if (isLeaving) runner.Leave(); // it began meanwhile
        var loop = supervisor.StartUntilDone("agent-instance", async (_, stop) =>
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(stop, cancellationToken);
            if (!await TryRunAsync(instance.Id, runner, both.Token)) return;
            runners.TryRemove(new(instance.Id, runner));
            loops.TryRemove(instance.Id, out SupervisedWork? _);
        });
        loops[instance.Id] = loop;
        if (loop.Completion.IsCompleted) loops.TryRemove(new(instance.Id, loop));
    }

    /// <returns>False when the agent ends; the instance keeps running. An error in one loop must not leave its instance unattended, so the
    /// supervisor handles it.</returns>
    private async Task<bool> TryRunAsync(string id, InstanceRunner runner, CancellationToken cancellationToken)
    {
        try
        {
            await runner.RunAsync(cancellationToken);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e)
        {
            logger.LoopFailed(e, id);
            throw;
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var (id, runner) in runners)
        {
            if (!listed.Contains(id)) runner.Update(null);
        }
        foreach (var run in machine.Runtime.List().Where(run => !runners.ContainsKey(run.Id)))
        {
            logger.Orphan(run.Id);
            await machine.Runtime.RemoveAsync(run.Id, cancellationToken);
            LogFile.Delete(LogFile.PathOf(machine.Paths, run.Id));
        }
    }
}

using Microsoft.Extensions.Logging;
using Strata.Contracts;
using Strata.Core;
using Strata.Agent.Health;
using Strata.Agent.Hooks;
using Strata.Agent.Logs;
using Strata.Runtimes;

namespace Strata.Agent;

/// <summary>
/// Brings one instance on this machine to where its entity says it should be. A loop that looks at two things only, what the entity is now
/// and what runs now, takes one step and waits: for a change of either, or for the time that the step asks for. So it does not matter when
/// it was interrupted.
/// <para>While the API cannot be reached, what runs keeps running, and what crashes is restarted unchanged.</para>
/// </summary>
internal sealed partial class InstanceRunner(InstanceContext context, AgentParts parts)
{
    /// <summary>
    /// An application that never was ready is given up after so many starts: its deploy should fail soon, with the reason.
    /// </summary>
    private const int FirstStartsMax = 4;
    private const int FailuresToUnready = 3;

    private static readonly TimeSpan UntilWoken = TimeSpan.FromHours(1);

    private readonly Signal wake = new(parts.Time);
    private readonly Lock gate = new();
    private Resource<InstanceSpec, InstanceStatus> latest = context.Instance;
    private bool isGone;
    private string? eviction;
    private TaskCompletionSource evicted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isLeaving;
    private readonly TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isTakenUp;
    private int crashes;
    private int failures;

    /// <summary>How the last run ended by itself, as a sentence; null: none has since the agent started.</summary>
    private string? lastCrash;
    private Task exited = Task.CompletedTask;

    /// <summary>When the run that started at <see cref="readyRun"/> became ready.</summary>
    private DateTimeOffset readySince;
    private DateTimeOffset readyRun;

    /// <summary>Takes the instance as the API reports it; null: it is gone.</summary>
    public void Update(Resource<InstanceSpec, InstanceStatus>? instance)
    {
        lock (gate)
        {
            if (instance is null) isGone = true;
            else if (instance.Revision > latest.Revision) latest = instance;
            else return;
        }
        wake.Set();
    }

    /// <summary>Ends the run at once, because its node needs what it uses. The instance starts again later, as after a crash.</summary>
    /// <param name="sentence">Its message.</param>
    public void Evict(string sentence)
    {
        lock (gate)
        {
            eviction = sentence;
            evicted.TrySetResult();
        }
        wake.Set();
    }

    /// <summary>
    /// The node ends and takes its runs with it: reports that, so that nothing takes the instance for a running one meanwhile. After that
    /// this runner does nothing.
    /// </summary>
    /// <returns>Done when it is reported.</returns>
    public Task LeaveAsync()
    {
        Leave();
        return left.Task;
    }

    /// <summary>As <see cref="LeaveAsync"/>, without waiting.</summary>
    public void Leave()
    {
        lock (gate)
        {
            isLeaving = true;
            evicted.TrySetResult(); // does not wait for a health check
            if (!IsShownAsRunning(latest)) left.TrySetResult();
        }
        wake.Set();
    }

    /// <summary>Ends when there is nothing left to do for the instance. Cancelling leaves everything running.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await StepUntilDoneAsync(cancellationToken);
        }
        finally
        {
            left.TrySetResult();
        }
    }

    private async Task StepUntilDoneAsync(CancellationToken cancellationToken)
    {
        var troubles = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (await StepAsync(cancellationToken) is not { } pause) return;
                troubles = 0;
                await wake.WaitAsync(pause, cancellationToken);
            }
            catch (Exception e) when (e is StrataException or IOException or UnauthorizedAccessException)
            {
                parts.Logger.StepFailed(context.Id, context.Instance.State, e.Message);
                await RecoverAsync(e, ++troubles, cancellationToken);
            }
        }
    }

    private InstanceStatus Status => context.Instance.Status;
    private InstanceSpec Spec => context.Spec;
    private RunState? Run => parts.Runtime.Find(context.Id);

    /// <returns>How long to wait for a change; null: done for good.</returns>
    private async Task<TimeSpan?> StepAsync(CancellationToken cancellationToken)
    {
        bool gone, leaves;
        string? reason;
        lock (gate) (context.Instance, gone, leaves, reason) = (latest, isGone, isLeaving, eviction);
        if (gone) return await RemoveAsync(cancellationToken);
        if (leaves) return await ReportLeavingAsync(cancellationToken);
        if (reason is not null) return await EvictAsync(reason, cancellationToken);
        return context.Instance.State switch
        {
            InstanceStates.Assigned => await BeginAsync(cancellationToken),
            InstanceStates.Backoff => await AgainAsync(cancellationToken),
            InstanceStates.Starting => await AwaitReadyAsync(cancellationToken),
            InstanceStates.Ready or InstanceStates.Unready => await WatchAsync(cancellationToken),
            InstanceStates.Draining => await DrainAsync(cancellationToken),
            InstanceStates.Stopping => await StopAsync(cancellationToken),
            InstanceStates.Failed => await ClearAsync(cancellationToken),
            InstanceStates.Stopped => await RemoveAsync(cancellationToken),
            _ => UntilWoken,
        };
    }

    /// <summary>
    /// ASSIGNED: prepare and start. A run that already exists was started by an earlier agent process, which died before it reported that.
    /// </summary>
    private async Task<TimeSpan?> BeginAsync(CancellationToken cancellationToken)
    {
        if (Run is not { IsRunning: true })
        {
            if (parts.Disk.IsShort) return await WaitForDiskAsync(cancellationToken);
            if (await StartAsync(cancellationToken) is { } failure) return await FailAsync(failure, null, cancellationToken);
        }
        await TakeUpAsync(cancellationToken);
        return await TakeAsync("start", Started(Status) with { Message = null }, cancellationToken);
    }

    /// <summary>
    /// BACKOFF: wait for the time, then start again. Without a time it did not crash (<see cref="StoppedWithNodeAsync"/>), so this is not a
    /// restart.
    /// </summary>
    private async Task<TimeSpan?> AgainAsync(CancellationToken cancellationToken)
    {
        if (Run is not { IsRunning: true })
        {
            var pause = (Status.NextStartAt ?? DateTimeOffset.MinValue) - parts.Time.GetUtcNow();
            if (pause > TimeSpan.Zero) return pause;
            if (parts.Disk.IsShort) return await WaitForDiskAsync(cancellationToken);
            if (await StartAsync(cancellationToken) is { } failure) return await FailAsync(failure, Status.ExitCode, cancellationToken);
        }
        await TakeUpAsync(cancellationToken);
        var crashed = Status.NextStartAt is not null;
        var message = crashed && Status.Message != parts.Disk.Refusal ? Status.Message : null;
        return await TakeAsync(
            "start", Started(Status) with { Restarts = Status.Restarts + (crashed ? 1 : 0), Message = message }, cancellationToken);
    }

    /// <summary>STARTING: ask until it is ready; often at first, because most programs are there within a second.</summary>
    private async Task<TimeSpan?> AwaitReadyAsync(CancellationToken cancellationToken)
    {
        if (Run is null && !isTakenUp) return await StoppedWithNodeAsync(cancellationToken);
        if (Run is not { IsRunning: true } run) return await CrashAsync(cancellationToken);
        await TakeUpAsync(cancellationToken);
        if (await IsHealthyAsync(run, cancellationToken))
        {
            failures = 0;
            (readySince, readyRun) = (parts.Time.GetUtcNow(), run.StartedAt);
            var status = Started(Status) with { Message = null, ReadyAt = Status.ReadyAt ?? readySince };
            return await TakeAsync("ready", status, cancellationToken);
        }
        if (Run is not { IsRunning: true }) return await CrashAsync(cancellationToken);
        var waited = parts.Time.GetUtcNow() - run.StartedAt;
        if (waited.TotalSeconds > Spec.Health.GraceSeconds) return await GiveUpAsync(run, cancellationToken);
        return TimeSpan.FromMilliseconds(waited.TotalSeconds < 3 ? 50 : waited.TotalSeconds < 15 ? 250 : 1000);
    }

    /// <summary>READY, UNREADY: probe periodically; three failures in a row make it unready, one success ready.</summary>
    private async Task<TimeSpan?> WatchAsync(CancellationToken cancellationToken)
    {
        if (Run is null && !isTakenUp) return await StoppedWithNodeAsync(cancellationToken);
        if (Run is not { IsRunning: true } run) return await CrashAsync(cancellationToken);
        await TakeUpAsync(cancellationToken);
        if (Status.StartedAt != run.StartedAt)
            return await SayAsync(Started(Status) with { Restarts = Status.Restarts + 1 }, cancellationToken);
        var isReady = context.Instance.State == InstanceStates.Ready;
        var healthy = await IsHealthyAsync(run, cancellationToken);
        failures = healthy ? 0 : failures + 1;
        if (healthy && !isReady) return await TakeAsync("ready", Status with { Message = null }, cancellationToken);
        if (isReady && failures >= FailuresToUnready)
            return await TakeAsync("unready", Status with { Message = AgentMessages.Unready(Spec, run.Port) }, cancellationToken);
        return failures > 0 ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(Math.Max(1, Spec.Health.IntervalSeconds));
    }

    /// <summary>DRAINING: let it finish requests in flight. If it exits by itself, that counts as its stop.</summary>
    private async Task<TimeSpan?> DrainAsync(CancellationToken cancellationToken)
    {
        if (Run is not { IsRunning: true }) return await TakeAsync("stop", Status, cancellationToken);
        await TakeUpAsync(cancellationToken);
        return UntilWoken;
    }

    private async Task<TimeSpan?> StopAsync(CancellationToken cancellationToken)
    {
        await parts.Hooks.StopAsync(context, cancellationToken);
        var status = Status with { Address = null, Port = null, NextStartAt = null, ExitCode = context.ExitCode ?? Status.ExitCode,
            Message = context.StopMessage };
        return await TakeAsync("stopped", status, cancellationToken);
    }

    /// <summary>FAILED: nothing of it runs any more; it waits for its removal.</summary>
    private async Task<TimeSpan?> ClearAsync(CancellationToken cancellationToken)
    {
        await parts.Runtime.KillAsync(context.Id, cancellationToken);
        await parts.Hooks.StopAsync(context, cancellationToken);
        return UntilWoken;
    }

    private async Task<TimeSpan?> RemoveAsync(CancellationToken cancellationToken)
    {
        await parts.Hooks.StopAsync(context, cancellationToken);
        LogFile.Delete(context.LogFile);
        return null;
    }
}

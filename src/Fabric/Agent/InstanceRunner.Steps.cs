using Strata.Contracts;
using Strata.Core;
using Strata.Agent.Logs;
using Strata.Runtimes;

namespace Strata.Agent;

/// <summary>What the steps are made of.</summary>
internal sealed partial class InstanceRunner
{
    private static readonly ExponentialBackOff RecoverPauses = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));
    private static readonly TimeSpan DiskPause = TimeSpan.FromSeconds(5);

    /// <returns>Null when it started; else why it never will.</returns>
    private async Task<string?> StartAsync(CancellationToken cancellationToken)
    {
        isTakenUp = false;
        var started = await parts.Hooks.StartAsync(context, cancellationToken);
        if (started.IsOk) return null;
        if (!started.Error.Retryable) return started.Error.Message;
        await ShowAsync(started.Error.Code, $"{started.Error.Code}: {started.Error.Message}", cancellationToken);
        throw started.Error.ToException();
    }

    /// <summary>
    /// Reports on the instance why it does not start. Once per code: numbers in a message may differ at each try, and every write is kept
    /// forever.
    /// </summary>
    private async Task ShowAsync(string code, string message, CancellationToken cancellationToken)
    {
        if (Status.Message?.StartsWith(code + ":", StringComparison.Ordinal) != true)
            await SayAsync(Status with { Message = message }, cancellationToken);
    }

    /// <summary>Nothing is fetched and nothing is started while the platform has less disk than it needs.</summary>
    private async Task<TimeSpan?> WaitForDiskAsync(CancellationToken cancellationToken)
    {
        await ShowAsync(DiskReserve.Code, parts.Disk.Refusal, cancellationToken);
        return DiskPause;
    }

    /// <summary>
    /// Takes the run and all that it wrote away before anything is reported: the space is needed now. Reported like a crash, with the
    /// back-off of one.
    /// </summary>
    private async Task<TimeSpan?> EvictAsync(string sentence, CancellationToken cancellationToken)
    {
        if (Run is { } run)
        {
            crashes = BackOff.Next(crashes, WasReady(run, parts.Time.GetUtcNow()));
            parts.Logger.Evicted(context.Id, sentence);
            await parts.Runtime.RemoveAsync(context.Id, cancellationToken);
            isTakenUp = false;
        }
        if (context.Instance.State is InstanceStates.Starting or InstanceStates.Ready or InstanceStates.Unready)
            await ReportEndAsync(sentence, cancellationToken);
        lock (gate) (eviction, evicted) = (null, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        return TimeSpan.Zero;
    }

    private async Task ReportEndAsync(string sentence, CancellationToken cancellationToken)
    {
        lastCrash = sentence;
        var starts = Status.Restarts + 1;
        if (Status.ReadyAt is null && starts >= FirstStartsMax)
        {
            await FailAsync(AgentMessages.GaveUp(sentence, starts), null, cancellationToken);
            return;
        }
        var next = parts.Time.GetUtcNow() + BackOff.Delay(crashes);
        await TakeAsync("crash", Status with { Address = null, Port = null, ExitCode = null, Message = sentence, NextStartAt = next },
            cancellationToken);
    }

    /// <summary>Once per start: ship its output and notice its end.</summary>
    private async Task TakeUpAsync(CancellationToken cancellationToken)
    {
        if (isTakenUp) return;
        await parts.Hooks.ResumeAsync(context, cancellationToken);
        exited = WakeAtExitAsync(cancellationToken);
        isTakenUp = true;
    }

    private async Task WakeAtExitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await parts.Runtime.WaitAsync(context.Id, cancellationToken);
            wake.Set();
        }
        catch (OperationCanceledException)
        {
            // The agent ends.
        }
    }

    /// <summary>Does not wait for the answer of a run that has ended: its address is gone, and its end must be reported at once.</summary>
    private async Task<bool> IsHealthyAsync(RunState run, CancellationToken cancellationToken)
    {
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answer = parts.Health.IsHealthyAsync(run.Address, run.Port, Spec.Health, asking.Token);
        Task evicting;
        lock (gate) evicting = evicted.Task;
        if (await Task.WhenAny(answer, exited, evicting) == answer) return await answer;
        await asking.CancelAsync();
        await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return false;
    }

    private async Task<TimeSpan?> ReportLeavingAsync(CancellationToken cancellationToken)
    {
        if (IsShownAsRunning(context.Instance)) return await StoppedWithNodeAsync(cancellationToken);
        left.TrySetResult();
        return UntilWoken;
    }

    private static bool IsShownAsRunning(Resource<InstanceSpec, InstanceStatus> instance) =>
        instance.State is InstanceStates.Starting or InstanceStates.Ready or InstanceStates.Unready;

    /// <summary>
    /// The node ends in order (<c>strata down --all</c>), which removes all runs; a crash leaves its run behind. Also what the next agent
    /// reports where this one could not. It starts again at once, as the node's first instances do.
    /// </summary>
    private async Task<TimeSpan?> StoppedWithNodeAsync(CancellationToken cancellationToken)
    {
        var status = Status with { Address = null, Port = null, ExitCode = null, Message = AgentMessages.StoppedWithNode,
            NextStartAt = null };
        return await TakeAsync("crash", status, cancellationToken);
    }

    /// <summary>It ended without being asked to, or is not there any more.</summary>
    private async Task<TimeSpan?> CrashAsync(CancellationToken cancellationToken)
    {
        var now = parts.Time.GetUtcNow();
        var run = Run;
        var exit = run?.Exit ?? new RunExit(-1);
        var ran = now - (run?.StartedAt ?? now);
        crashes = BackOff.Next(crashes, WasReady(run, now));
        var sentence = AgentMessages.Crashed(Spec, exit, ran, LogFile.LastLine(context.LogFile));
        lastCrash = sentence;
        var starts = Status.Restarts + 1;
        if (Status.ReadyAt is null && starts >= FirstStartsMax)
            return await FailAsync(AgentMessages.GaveUp(sentence, starts), exit.Code, cancellationToken);
        var delay = BackOff.Delay(crashes);
        parts.Logger.Crashed(context.Id, sentence, delay);
        var status = Status with { Address = null, Port = null, ExitCode = exit.Code, Message = AgentMessages.Restarting(sentence, delay),
            NextStartAt = now + delay };
        try
        {
            return await TakeAsync("crash", status, cancellationToken);
        }
        catch (StrataException e) when (e.Error.Kind is ErrorKind.Unavailable or ErrorKind.Timeout && run is not null)
        {
            return await RestartAloneAsync(delay, cancellationToken);
        }
    }

    /// <summary>
    /// A run that did not become ready in its time. How an earlier one ended is the better reason, and is not lost: a restart of the agent
    /// in between leaves it in the status.
    /// </summary>
    private Task<TimeSpan?> GiveUpAsync(RunState run, CancellationToken cancellationToken)
    {
        var earlier = lastCrash ?? (Status.Restarts > 0 ? Status.Message : null);
        return FailAsync(AgentMessages.NotListening(Spec, run.Port, earlier), null, cancellationToken);
    }

    /// <summary>How long a run was ready, up to its end. One that an earlier life of the agent saw ready counts from its start.</summary>
    private TimeSpan WasReady(RunState? run, DateTimeOffset now)
    {
        if (run is null || context.Instance.State is not (InstanceStates.Ready or InstanceStates.Unready)) return TimeSpan.Zero;
        return now - (readyRun == run.StartedAt ? readySince : run.StartedAt);
    }

    /// <summary>The API cannot be reached: restart it unchanged. The entity is corrected when the API is back.</summary>
    private async Task<TimeSpan?> RestartAloneAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        parts.Logger.RestartsAlone(context.Id);
        await Task.Delay(delay, parts.Time, cancellationToken);
        isTakenUp = false;
        await parts.Runtime.RestartAsync(context.Id, cancellationToken);
        return TimeSpan.Zero;
    }

    private Task<TimeSpan?> FailAsync(string message, int? exitCode, CancellationToken cancellationToken)
    {
        parts.Logger.Failed(context.Id, message);
        return TakeAsync("fail", Status with { Address = null, Port = null, NextStartAt = null, ExitCode = exitCode, Message = message },
            cancellationToken);
    }

    /// <summary>A status with where and since when it runs.</summary>
    private InstanceStatus Started(InstanceStatus status) => Run is not { } run ? status : status with
    {
        Runtime = parts.Runtime.Name,
        Address = run.Address,
        Port = run.Port,
        StartedAt = run.StartedAt,
        NextStartAt = null,
        ExitCode = null,
    };

    private async Task<TimeSpan?> TakeAsync(string transition, InstanceStatus status, CancellationToken cancellationToken)
    {
        Update(await parts.Report.TakeAsync(context.Instance, transition, status, cancellationToken));
        return TimeSpan.Zero;
    }

    private async Task<TimeSpan?> SayAsync(InstanceStatus status, CancellationToken cancellationToken)
    {
        Update(await parts.Report.SayAsync(context.Instance, status, cancellationToken));
        return TimeSpan.Zero;
    }

    /// <summary>After a refusal the entity has moved on: read it again. In any case wait, ever longer.</summary>
    private async Task RecoverAsync(Exception trouble, int troubles, CancellationToken cancellationToken)
    {
        await Task.Delay(RecoverPauses.After(troubles + 1), parts.Time, cancellationToken);
        if (trouble is not StrataException { Error.Retryable: false }) return;
        try
        {
            Update(await parts.Report.ReadAsync(context.Instance, cancellationToken));
        }
        catch (StrataException)
        {
            // The next step finds out.
        }
    }
}

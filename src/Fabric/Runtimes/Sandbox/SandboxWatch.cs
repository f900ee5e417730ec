using Strata.Core;
using Strata.Runtimes;

namespace Strata.Runtimes.Sandbox;

/// <summary>
/// Follows one started command to its end: reads its output, kills it when its time is up or its disk is full, and reports the outcome.
/// </summary>
internal sealed class SandboxWatch(
    SandboxRun run, Workspace workspace, SandboxProcess process, DiskReserve reserve, TimeProvider time, long fullBytes, TimeSpan drainTime)
{
    private enum Cause
    {
        Itself,
        Time,
        Disk,
        Caller,
    }

    private long leastFree = long.MaxValue;
    private bool machineIsFull;

    public async Task<SandboxOutcome> FinishAsync(CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource();
        var output = ReadAsync(over.Token);
        var disk = WatchDiskAsync(over.Token);
        var cause = await WaitAsync(disk, cancellationToken);
        if (cause != Cause.Itself) await process.KillAsync();
        var exit = await process.Run.WaitAsync(CancellationToken.None);
        await SampleDiskAsync(CancellationToken.None);
        over.CancelAfter(drainTime);
        await output;
        await over.CancelAsync();
        await disk;
        return Outcome(cause, exit);
    }

    private async Task<Cause> WaitAsync(Task disk, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(run.Limits.Time, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var end = process.Shim.WaitForExitAsync(either.Token);
            if (await Task.WhenAny(end, disk) != end) return Cause.Disk;
            await end;
            return Cause.Itself;
        }
        catch (OperationCanceledException)
        {
            return cancellationToken.IsCancellationRequested ? Cause.Caller : Cause.Time;
        }
    }

    private SandboxOutcome Outcome(Cause cause, RunExit exit) => cause switch
    {
        Cause.Caller => new SandboxOutcome.Cancelled(),
        Cause.Time => new SandboxOutcome.TimedOut(run.Limits.Time),
        Cause.Disk when machineIsFull => new SandboxOutcome.MachineOutOfDisk(reserve.Error),
        Cause.Disk => new SandboxOutcome.OutOfDisk(workspace.DiskBytes),
        _ when exit.Code == 0 => new SandboxOutcome.Succeeded(),
        _ when exit.OutOfMemory => new SandboxOutcome.OutOfMemory(run.Limits.MemoryBytes),
        _ when exit.StartError is { } reason => new SandboxOutcome.NotStarted(reason),
        _ when leastFree < fullBytes => new SandboxOutcome.OutOfDisk(workspace.DiskBytes),
        _ => new SandboxOutcome.Failed(exit.Code),
    };

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        var lines = new LineSplitter(run.OnLine, run.Limits.LineCharsMax, run.Limits.LogBytesMax);
        var buffer = new byte[16 * 1024];
        var stream = process.Shim.StandardOutput.BaseStream;
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0) lines.Add(buffer.AsSpan(0, read));
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // Something that the command started still holds the pipe: what it writes is of no interest.
        }
        lines.Flush();
    }

    /// <summary>
    /// Ends only when the folder has grown past a limit that nothing else enforces, or the machine's disk is nearly full.
    /// </summary>
    private async Task WatchDiskAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (!(machineIsFull = reserve.IsBelow(DiskReserve.BuildShare)) && (workspace.IsHardLimited || leastFree > 0))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(workspace.IsHardLimited ? 100 : 500), time, cancellationToken);
                await SampleDiskAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The command has ended.
        }
    }

    private async Task SampleDiskAsync(CancellationToken cancellationToken) =>
        leastFree = Math.Min(leastFree, await workspace.FreeBytesAsync(cancellationToken));
}

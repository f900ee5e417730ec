using System.Globalization;
using System.Text.Json;
using Strata.Core;

namespace Strata.Runtimes;

/// <summary>What is known of a run from its start on; kept in its folder, so that the next life of this process knows it too.</summary>
/// <param name="Host">Number in the subnet; 0 outside of a private network.</param>
/// <param name="App">Folder of the image's files that it uses; empty for a build.</param>
/// <param name="IsWholeRoot">Its program is process 1 itself, without an init of ours.</param>
internal sealed record RunFile(
    string Id, string Address, int Port, DateTimeOffset StartedAt, int Host, string App, bool IsWholeRoot = false);

/// <summary>
/// One run's folder: <c>run.json</c> is what was started, <c>pid</c> and <c>exit</c> are written by the shim, <c>start-error</c> when it
/// could not start. Invariant: a folder with <c>run.json</c> has been handed to a shim; one without is the remains of an interrupted start.
/// </summary>
internal sealed class RunFolder(string path, MemoryFiles memory, TimeProvider time)
{
    /// <summary>
    /// How long a shim may take to write its pid: long, because taking a slow start for an end would start an instance twice.
    /// </summary>
    private static readonly TimeSpan ShimStartTime = TimeSpan.FromSeconds(30);

    private RunExit? exit;
    private bool isKilled;

    public string Path { get; } = path;

    public required RunFile File { get; set; }

    public string Id => File.Id;

    /// <summary>Null when the folder holds no run.</summary>
    public static RunFolder? Open(string path, MemoryFiles memory, TimeProvider time)
    {
        var file = System.IO.Path.Combine(path, "run.json");
        if (!System.IO.File.Exists(file)) return null;
        try
        {
            var run = JsonSerializer.Deserialize(System.IO.File.ReadAllText(file), NodeFilesJson.Default.RunFile);
            return run is null ? null : new RunFolder(path, memory, time) { File = run };
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            return null;
        }
    }

    public void Save() => AtomicFile.WritePrivate(At("run.json"), JsonSerializer.Serialize(File, NodeFilesJson.Default.RunFile));

    /// <summary>Starts the shim and remembers how.</summary>
    public void Start(ShimStart start)
    {
        WriteInMemory("shim.json", JsonSerializer.Serialize(start, NodeFilesJson.Default.ShimStart));
        ShimProcess.Start(start).Dispose();
    }

    /// <summary>Starts the shim of an ended run again, as it was started before.</summary>
    public Result<RunState> Restart()
    {
        if (Exit() is null) return new Error(ErrorKind.Conflict, "RUN_EXISTS", $"{Id} still runs.");
        if (memory.Read(Path, "shim.json") is not { } start)
            return new Error(ErrorKind.Unavailable, "RUN_NOT_STARTED", "The variables of the run were in memory, which has been cleared.")
            {
                Retryable = true,
            };
        foreach (var name in new[] { "pid", "exit", "start-error", "tool.log" }) System.IO.File.Delete(At(name));
        File = File with { StartedAt = time.GetUtcNow() };
        (exit, isKilled) = (null, false);
        Save();
        ShimProcess.Start(JsonSerializer.Deserialize(start, NodeFilesJson.Default.ShimStart)!).Dispose();
        return State();
    }

    /// <summary>Writes what holds the run's variables.</summary>
    public void WriteInMemory(string name, string text) => memory.Write(Path, name, text);

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public RunState State() => new(Id, File.Address, File.Port, File.StartedAt, File.App, Exit());

    /// <summary>Null while it runs.</summary>
    public RunExit? Exit() => exit ??= ReadExit()
        ?? (IsShimAlive() ? null : ReadExit() ?? new RunExit(isKilled ? 128 + Posix.SigKill : -1, StartError: StartError()));

    /// <summary>
    /// Waits for the end by looking at the folder, ever less often: it works for runs of a former life as well, of which this process is
    /// not the parent.
    /// </summary>
    public async Task<RunExit> WaitAsync(CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromMilliseconds(5);
        while (true)
        {
            if (Exit() is { } ended) return ended;
            await Task.Delay(pause, time, cancellationToken);
            if (pause < TimeSpan.FromMilliseconds(100)) pause *= 1.3;
        }
    }

    /// <summary>The shim's pid, which is its process group's as well; null when it is not there any more or not yet.</summary>
    public int? ShimPid() => ReadPid() is var (pid, ticks) && Posix.StartTicks(pid) == ticks ? pid : null;

    /// <summary>The same, but waits for a shim that was started a moment ago.</summary>
    public async Task<int?> ShimPidAsync(CancellationToken cancellationToken)
    {
        while (Exit() is null)
        {
            if (ShimPid() is { } pid) return pid;
            await Task.Delay(TimeSpan.FromMilliseconds(5), time, cancellationToken);
        }
        return null;
    }

    /// <summary>The recorded pid of the shim, whether or not it still runs.</summary>
    public int? LastShimPid => ReadPid()?.Pid;

    /// <summary>
    /// Waits for a shim that has written the end down to end itself. False: it never wrote it, or takes too long, so that what it should
    /// take away may be there.
    /// </summary>
    public async Task<bool> HasFinishedAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        if (ReadExit() is null) return false;
        for (var end = time.GetUtcNow() + patience; ShimPid() is not null; await Task.Delay(
            TimeSpan.FromMilliseconds(5), time, cancellationToken))
        {
            if (time.GetUtcNow() > end) return false;
        }
        return true;
    }

    /// <summary>Before the shim itself is killed: it will not live to write the end down.</summary>
    public void ExpectKill() => isKilled = true;

    private bool IsShimAlive() => ReadPid() is var (pid, ticks)
        ? Posix.StartTicks(pid) == ticks : time.GetUtcNow() - File.StartedAt < ShimStartTime;

    private RunExit? ReadExit()
    {
        if (Read("exit")?.Split(' ') is not [var code, var oom]) return null;
        var number = int.Parse(code, CultureInfo.InvariantCulture);
        return new RunExit(number, oom != "0", number == 0 ? null : StartError());
    }

    private (int Pid, long Ticks)? ReadPid() => Read("pid")?.Split(' ') is [var pid, var ticks]
        ? (int.Parse(pid, CultureInfo.InvariantCulture), long.Parse(ticks, CultureInfo.InvariantCulture))
        : null;

    private string? StartError() => Read("start-error") ?? Oci.ToolLog.FirstError(At("tool.log"));

    private string? Read(string name)
    {
        try
        {
            return System.IO.File.ReadAllText(At(name)).Trim();
        }
        catch (IOException)
        {
            return null;
        }
    }
}

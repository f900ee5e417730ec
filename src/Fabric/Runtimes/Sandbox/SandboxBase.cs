using System.Diagnostics;
using Strata.Core;
using Strata.Runtimes;

namespace Strata.Runtimes.Sandbox;

/// <summary>A command that has been started.</summary>
/// <param name="Run">Its folder, in which the shim writes how it ended.</param>
/// <param name="Shim">Its standard output is the command's output.</param>
internal sealed record SandboxProcess(RunFolder Run, Process Shim, Func<Task> KillAsync);

/// <summary>
/// What all sandboxes have in common: start, read the output, watch time and disk, and report how it ended. The output goes through a pipe
/// to this process and not to a file: none of it fills the machine's disk.
/// </summary>
internal abstract class SandboxBase(NodePaths paths, TimeProvider time) : ISandbox
{
    /// <summary>A file system this close to its end is full: its last blocks cannot hold what a tool wants to write.</summary>
    private const long FullBytes = 256 << 10;

    /// <summary>How long output is read after the command has ended, in case something else holds the pipe open.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    public abstract string Runtime { get; }
    public abstract IReadOnlyList<string> NotIsolated { get; }

    protected RunTable Runs { get; } = new(paths.Builds, MemoryFiles.Of(paths, "builds"), time);
    protected TimeProvider Time => time;

    public async Task<Result<IWorkspace>> CreateWorkspaceAsync(long diskBytes, CancellationToken cancellationToken)
    {
        if (paths.Disk.IsShort) return paths.Disk.Error;
        var id = "build-" + Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
        return Result.Of<IWorkspace>(await Workspace.CreateAsync(paths.Workspaces, id, diskBytes, cancellationToken));
    }

    public async Task<SandboxOutcome> RunAsync(SandboxRun run, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return new SandboxOutcome.Cancelled();
        var workspace = (Workspace)run.Workspace;
        if (WorkFolder(workspace, run.Subfolder) is null)
            return new SandboxOutcome.NotStarted($"the folder {run.Subfolder} is not in the source.");
        try
        {
            var process = await StartAsync(run, workspace, CancellationToken.None);
            using var shim = process.Shim;
            return await new SandboxWatch(run, workspace, process, paths.Disk, time, FullBytes, DrainTime).FinishAsync(cancellationToken);
        }
        catch (IOException e)
        {
            return new SandboxOutcome.NotStarted(e.Message);
        }
        finally
        {
            await CleanUpAsync(workspace);
        }
    }

    /// <summary>Ends and removes what a former life of this process left: its builds are of no use to anybody.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var run in Runs.Adopt())
        {
            await KillLeftoverAsync(run, cancellationToken);
            await EndedAsync(run, cancellationToken);
            Runs.Remove(run);
        }
        await Workspace.SweepAsync(paths.Workspaces, cancellationToken);
    }

    /// <summary>
    /// A killed command ends a moment later, and its shim writes that down: before then the folder cannot be deleted. What does not end in
    /// time is left to the next sweep's kill.
    /// </summary>
    private async Task EndedAsync(RunFolder run, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(DrainTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await run.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <exception cref="IOException">It could not be started; the message is a sentence.</exception>
    protected abstract Task<SandboxProcess> StartAsync(SandboxRun run, Workspace workspace, CancellationToken cancellationToken);

    protected abstract Task KillLeftoverAsync(RunFolder run, CancellationToken cancellationToken);

    protected virtual Task CleanUpAsync(Workspace workspace)
    {
        if (Runs.Find(workspace.Id) is { } run) Runs.Remove(run);
        return Task.CompletedTask;
    }

    /// <summary>Full path of the folder to start in; null when it is not there or not inside.</summary>
    protected static string? WorkFolder(Workspace workspace, string subfolder)
    {
        var path = Path.GetFullPath(Path.Combine(workspace.Folder, subfolder)).TrimEnd('/');
        var inside = path == workspace.Folder || path.StartsWith(workspace.Folder + "/", StringComparison.Ordinal);
        return inside && Directory.Exists(path) ? path : null;
    }

    protected static Dictionary<string, string> ToolEnv(string home, string temp) => new()
    {
        ["HOME"] = home,
        ["TMPDIR"] = temp,
        ["XDG_CACHE_HOME"] = home + "/.cache",
        ["LANG"] = "C.UTF-8",
        ["CI"] = "1",
        ["NO_COLOR"] = "1",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_SKIP_FIRST_TIME_EXPERIENCE"] = "1",
        // A build server would outlive the command and hold its output open.
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["UseSharedCompilation"] = "false",
        ["NUGET_XMLDOC_MODE"] = "skip",
        ["NPM_CONFIG_UPDATE_NOTIFIER"] = "false",
        ["NPM_CONFIG_FUND"] = "false",
        ["NPM_CONFIG_AUDIT"] = "false",
        ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1",
        ["PIP_NO_INPUT"] = "1",
        ["PYTHONUNBUFFERED"] = "1",
    };
}

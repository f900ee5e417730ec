using Strata.Core;
using Strata.Runtimes;
using Strata.Runtimes.Oci;

namespace Strata.Runtimes.Sandbox;

/// <summary>Runs commands as plain processes in the work folder. Time, output and disk are limited; nothing else is.</summary>
internal sealed class ProcessSandbox : SandboxBase
{
    private readonly string shim;
    private readonly string reason;

    /// <param name="reason">Why nothing better works, as a clause without a full stop.</param>
    public ProcessSandbox(NodePaths paths, TimeProvider time, string reason)
        : base(paths, time)
    {
        this.reason = reason;
        shim = Path.Combine(paths.State, "sandbox-shim.sh");
        AtomicFile.Write(shim, EmbeddedText.Read("process-shim.sh"));
    }

    public override string Runtime => "process";

    public override IReadOnlyList<string> NotIsolated =>
    [
        $"Builds run as plain processes, because {reason}.",
        $"They can read the files of the user {Environment.UserName} and reach every service of this machine; nothing limits their memory and CPU.",
    ];

    protected override async Task<SandboxProcess> StartAsync(SandboxRun run, Workspace workspace, CancellationToken cancellationToken)
    {
        if (!Runs.Create(workspace.Id).TryGet(out var folder, out var error)) throw new IOException(error.Message);
        return await Task.Run(() => Start(run, workspace, folder), cancellationToken);
    }

    protected override Task KillLeftoverAsync(RunFolder run, CancellationToken cancellationToken) => KillAsync(run);

    private SandboxProcess Start(SandboxRun run, Workspace workspace, string folder)
    {
        var machine = new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin" };
        var own = new Dictionary<string, string> { ["S_DIR"] = folder, ["S_CWD"] = WorkFolder(workspace, run.Subfolder)!, ["S_LOG"] = "" };
        var entry = Runs.Add(folder, new RunFile(workspace.Id, "", 0, Time.GetUtcNow(), 0, ""));
        var env = OciRuntime.Merge(machine, ToolEnv(workspace.HomeFolder, workspace.TempFolder), run.Env, own);
        return new SandboxProcess(entry, ShimProcess.Start(new ShimStart(shim, run.Command, env), capture: true), () => KillAsync(entry));
    }

    private async Task KillAsync(RunFolder run)
    {
        run.ExpectKill();
        if (await run.ShimPidAsync(CancellationToken.None) is { } pid) await Posix.KillGroupAsync(pid, Time);
    }
}

using Strata.Core;

namespace Strata.Runtimes.Sandbox;

/// <summary>
/// Runs one command to its end on a work folder, with limits, isolated from the machine and from all other builds. Safe for concurrent use;
/// runs are independent.
/// </summary>
public interface ISandbox
{
    /// <summary><c>oci</c> or <c>process</c>.</summary>
    string Runtime { get; }

    /// <summary>What this sandbox does not isolate, as sentences for the build's log; empty when it isolates all.</summary>
    IReadOnlyList<string> NotIsolated { get; }

    /// <summary>
    /// Makes an empty work folder that can hold <paramref name="diskBytes"/> in all: sources, results, the home folder and temporary files
    /// of the runs on it. Dispose it when the result has been taken; what a dead server left behind is removed at the next start.
    /// INSUFFICIENT_STORAGE when the machine's disk is nearly full.
    /// </summary>
    Task<Result<IWorkspace>> CreateWorkspaceAsync(long diskBytes, CancellationToken cancellationToken);

    /// <summary>
    /// Runs the command and waits for its end. Never throws for what the command does: that is the outcome. Cancelling kills it and yields
    /// <see cref="SandboxOutcome.Cancelled"/>.
    /// </summary>
    Task<SandboxOutcome> RunAsync(SandboxRun run, CancellationToken cancellationToken);
}

/// <summary>A work folder of limited size on this machine. Disposing deletes it.</summary>
public interface IWorkspace : IAsyncDisposable
{
    /// <summary>
    /// Absolute path on this machine; <see cref="SandboxRun.WorkFolder"/> inside. Fill it before a run and read it after. Whatever a run
    /// wrote is untrusted: do not follow symbolic links in it.
    /// </summary>
    string Folder { get; }

    long DiskBytes { get; }
}

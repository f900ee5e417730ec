using Strata.Contracts;
using Strata.Core;

namespace Strata.Runtimes;

/// <summary>
/// Runs instances on this machine. Runs outlive the process that started them: what a former life of this process started is in
/// <see cref="List"/>, and is stopped, waited for and removed like any other. Safe for concurrent use, but for two calls on one id at once.
/// </summary>
public interface IRuntime
{
    /// <summary><c>oci</c> or <c>process</c>.</summary>
    string Name { get; }

    /// <summary>What it does not isolate, as sentences; empty when it isolates all.</summary>
    IReadOnlyList<string> NotIsolated { get; }

    /// <summary>CIDR ranges that hold the addresses of all runs.</summary>
    IReadOnlyList<string> InstanceSubnets { get; }

    /// <summary>The ports that runs listen on where they share the machine's network; null: each has an address of its own.</summary>
    PortRange? HostPorts => null;

    /// <summary>
    /// Starts a run and returns at once: a program that could not be started shows in its exit. An id in use is refused with RUN_EXISTS; a
    /// machine out of addresses or disk with RUN_NOT_STARTED; a whole root file system where only processes can be started with
    /// IMAGE_NEEDS_OCI.
    /// </summary>
    Task<Result<RunState>> StartAsync(RunRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Starts an ended run again with the same settings, environment and, where possible, address: for when the API cannot be asked what it
    /// should be now. NOT_FOUND without such a run; RUN_EXISTS while it still runs.
    /// </summary>
    Task<Result<RunState>> RestartAsync(string id, CancellationToken cancellationToken);

    /// <summary>SIGTERM to the program; no effect on one that has ended.</summary>
    Task TerminateAsync(string id, CancellationToken cancellationToken);

    /// <summary>SIGKILL to all of its processes; no effect on one that has ended.</summary>
    Task KillAsync(string id, CancellationToken cancellationToken);

    /// <summary>Waits until it has ended.</summary>
    Task<RunExit> WaitAsync(string id, CancellationToken cancellationToken);

    /// <summary>Every run that was started and not removed, running or not.</summary>
    IReadOnlyList<RunState> List();

    /// <summary>Null when there is no such run.</summary>
    RunState? Find(string id);

    /// <summary>Null when it is not running or the machine does not report it.</summary>
    RunStats? Stats(string id);

    /// <summary>Kills it if it still runs and deletes all that it left, but for its log.</summary>
    Task RemoveAsync(string id, CancellationToken cancellationToken);
}

/// <summary>What to run and what it may use.</summary>
public sealed record RunRequest
{
    /// <summary>1 to 63 of letters, digits, "_" and "-".</summary>
    public required string Id { get; init; }

    /// <summary>As the program sees its machine's name; null: from the id.</summary>
    public string? Hostname { get; init; }
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>All of its environment, but for what <see cref="Endpoint"/> adds.</summary>
    public required IReadOnlyDictionary<string, string> Env { get; init; }

    /// <summary>
    /// The unpacked application on this machine; never changed. The run sees a private, writable view of it at <c>/app</c>, or a copy.
    /// </summary>
    public required string AppFolder { get; init; }

    /// <summary>
    /// Null: the application runs on the machine's own programs. Else <see cref="AppFolder"/> is a whole root file system, of which the run
    /// sees a private, writable view, and this is the absolute path in it where the program starts.
    /// </summary>
    public string? RootWorkFolder { get; init; }

    /// <summary>Gets both output streams, appended.</summary>
    public required string LogFile { get; init; }

    /// <summary>
    /// The port to listen on. A runtime without network namespaces of its own picks a free one instead; <see cref="RunState.Port"/> shows
    /// which.
    /// </summary>
    public required int Port { get; init; }

    /// <summary>The environment that depends on where it runs: from its endpoint to variables.</summary>
    public Func<RunEndpoint, IReadOnlyDictionary<string, string>>? Endpoint { get; init; }
    public long MemoryBytes { get; init; } = 512L << 20;

    /// <summary>Cores.</summary>
    public double Cpu { get; init; } = 1;
    public int PidsMax { get; init; } = 512;

    /// <summary>What it may write to its view of /app.</summary>
    public long DiskBytes { get; init; } = 1L << 30;
}

/// <param name="ListenHost">The address that the program should listen on, for the variable HOST.</param>
/// <param name="Port">For the variable PORT.</param>
/// <param name="Gateway">The machine's own address as the program sees it; null: loopback, the machine's network is its own.</param>
public sealed record RunEndpoint(string ListenHost, int Port, string? Gateway);

/// <summary>A run as it is now.</summary>
/// <param name="Address">Where this machine reaches it.</param>
/// <param name="AppFolder">The image's files that it uses.</param>
/// <param name="Exit">Null while it runs.</param>
public sealed record RunState(string Id, string Address, int Port, DateTimeOffset StartedAt, string AppFolder, RunExit? Exit)
{
    public bool IsRunning => Exit is null;
}

/// <summary>How a run ended.</summary>
/// <param name="Code">Exit code; 128 + n after signal n; -1 when it is not known.</param>
/// <param name="OutOfMemory">A process of it was killed because it reached its memory limit.</param>
/// <param name="StartError">Why the program could not be started at all, as a sentence; null when it was.</param>
public sealed record RunExit(int Code, bool OutOfMemory = false, string? StartError = null);

/// <param name="CpuTime">Used since its start.</param>
public sealed record RunStats(long MemoryBytes, TimeSpan CpuTime, int Pids);

namespace Strata.Runtimes.Sandbox;

/// <summary>One command to run.</summary>
public sealed record SandboxRun
{
    /// <summary>Where the workspace's folder is seen inside the <c>oci</c> sandbox; the command starts here.</summary>
    public const string WorkFolder = "/work";

    public required IWorkspace Workspace { get; init; }

    /// <summary>Program and arguments; for a shell command line <c>/bin/sh -c LINE</c>.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Relative to the workspace; empty: its root.</summary>
    public string Subfolder { get; init; } = "";

    /// <summary>
    /// Added to PATH, HOME (writable, kept between runs on one workspace), TMPDIR, LANG, CI and the switches that keep tools quiet and
    /// offline-friendly.
    /// </summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    public SandboxLimits Limits { get; init; } = new();

    public SandboxNetwork Network { get; init; }

    /// <summary>
    /// Gets each line of output, both streams in order of arrival, without its line end and at most
    /// <see cref="SandboxLimits.LineCharsMax"/> long. Called one at a time.
    /// </summary>
    public required Action<string> OnLine { get; init; }
}

/// <summary>What a run reaches. Sandboxes that isolate nothing reach what the machine does.</summary>
public enum SandboxNetwork
{
    /// <summary>A network of its own, with the filter that instances have.</summary>
    Own,

    /// <summary>Nothing but its own loopback.</summary>
    None,

    /// <summary>
    /// The machine's own network, for trusted programs that a setting allows to reach private addresses; the user, the files and the limits
    /// are the sandbox's.
    /// </summary>
    Host,
}

/// <summary>What a run may use. The disk is limited by its workspace.</summary>
public sealed record SandboxLimits
{
    /// <summary>Cores.</summary>
    public double Cpu { get; init; } = 2;
    public long MemoryBytes { get; init; } = 2L << 30;
    public int PidsMax { get; init; } = 2048;

    /// <summary>Wall time.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>A longer line is cut and ends with an ellipsis.</summary>
    public int LineCharsMax { get; init; } = 4096;

    /// <summary>Beyond this the output is dropped, after one line that says so; the command keeps running.</summary>
    public long LogBytesMax { get; init; } = 4L << 20;
}

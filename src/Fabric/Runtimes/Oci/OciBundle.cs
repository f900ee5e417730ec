using System.Globalization;
using System.Text.Json.Nodes;

namespace Strata.Runtimes.Oci;

/// <param name="Options">As in mount(8).</param>
internal sealed record OciMount(string Source, string Destination, string Type, IReadOnlyList<string> Options)
{
    public static OciMount ReadOnly(string source, string destination) =>
        new(source, destination, "bind", ["rbind", "ro", "nosuid", "nodev"]);

    public static OciMount ReadWrite(string source, string destination) =>
        new(source, destination, "bind", ["rbind", "rw", "nosuid", "nodev"]);

    /// <param name="mode">The folder that it is mounted on must have it too: runc gives the mount the mode of that folder.</param>
    /// <param name="owner">User and group.</param>
    public static OciMount Tmpfs(string destination, long bytes, string mode, int owner = 0) =>
        new("tmpfs", destination, "tmpfs",
            ["nosuid", "nodev", $"mode={mode}", Option("size", bytes), Option("uid", owner), Option("gid", owner)]);

    private static string Option(string name, long value) => string.Create(CultureInfo.InvariantCulture, $"{name}={value}");
}

/// <summary>What a bundle says; see https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md.</summary>
internal sealed record OciBundle
{
    public required string Id { get; init; }
    public required string Hostname { get; init; }
    public required string Root { get; init; }
    public bool IsRootWritable { get; init; }
    public required IReadOnlyList<string> Args { get; init; }
    public required IReadOnlyDictionary<string, string> Env { get; init; }
    public required string WorkFolder { get; init; }

    /// <summary>User and group; no user namespace, so it is a number that is not used elsewhere on the machine.</summary>
    public required int Uid { get; init; }
    public required IReadOnlyList<OciMount> Mounts { get; init; }
    public required string CgroupPath { get; init; }
    public required long MemoryBytes { get; init; }
    public required double Cpu { get; init; }
    public required int PidsMax { get; init; }

    private const int CpuPeriodUs = 100_000;

    /// <summary>Files limit of a run; never raised above the machine's own, which needs a capability that root may lack.</summary>
    private const long OpenFilesMax = 65_536;

    private static readonly string Seccomp = EmbeddedText.Read("seccomp.json");

    private static readonly string[] MaskedPaths =
    [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
        "/proc/scsi", "/proc/timer_list",
        "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware",
    ];

    private static readonly string[] ReadOnlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    public string ToJson() => new JsonObject
    {
        ["ociVersion"] = "1.0.2",
        ["hostname"] = Hostname,
        ["root"] = new JsonObject { ["path"] = Root, ["readonly"] = !IsRootWritable },
        ["process"] = Process(),
        ["mounts"] = new JsonArray([.. Kernel().Concat(Mounts).Select(Mount)]),
        ["linux"] = Linux(),
    }.ToJsonString();

    private JsonObject Process() => new()
    {
        ["terminal"] = false,
        ["user"] = new JsonObject { ["uid"] = Uid, ["gid"] = Uid, ["umask"] = 0x12 },
        ["args"] = Strings(Args),
        ["env"] = Strings(Env.Select(pair => $"{pair.Key}={pair.Value}")),
        ["cwd"] = WorkFolder,
        ["capabilities"] = new JsonObject
        {
            ["bounding"] = new JsonArray(),
            ["effective"] = new JsonArray(),
            ["permitted"] = new JsonArray(),
            ["inheritable"] = new JsonArray(),
            ["ambient"] = new JsonArray(),
        },
        ["rlimits"] = new JsonArray(Limit("RLIMIT_NOFILE", Math.Min(OpenFilesMax, ProcessLimits.OpenFiles())), Limit("RLIMIT_CORE", 0)),
        ["noNewPrivileges"] = true,
        ["oomScoreAdj"] = 500,
    };

    /// <summary>The network namespace is not listed: the shim has made it, and what is not listed is inherited.</summary>
    private JsonObject Linux() => new()
    {
        ["namespaces"] = new JsonArray(
            [.. new[] { "pid", "ipc", "uts", "mount", "cgroup" }.Select(type => new JsonObject { ["type"] = type })]),
        ["cgroupsPath"] = CgroupPath,
        ["resources"] = Resources(),
        ["seccomp"] = JsonNode.Parse(Seccomp),
        ["maskedPaths"] = Strings(MaskedPaths),
        ["readonlyPaths"] = Strings(ReadOnlyPaths),
    };

    private JsonObject Resources()
    {
        var memory = new JsonObject { ["limit"] = MemoryBytes };
        if (Cgroups.CountsSwap) memory["swap"] = MemoryBytes;
        return new JsonObject
        {
            ["devices"] = new JsonArray(new JsonObject { ["allow"] = false, ["access"] = "rwm" }),
            ["memory"] = memory,
            ["cpu"] = new JsonObject { ["quota"] = Math.Max(1000, (long)(Cpu * CpuPeriodUs)), ["period"] = CpuPeriodUs },
            ["pids"] = new JsonObject { ["limit"] = PidsMax },
        };
    }

    private static IEnumerable<OciMount> Kernel() =>
    [
        new("proc", "/proc", "proc", ["nosuid", "noexec", "nodev"]),
        new("tmpfs", "/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        new("devpts", "/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
        new("shm", "/dev/shm", "tmpfs", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        new("mqueue", "/dev/mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
        // Runtimes such as .NET and Node size their heaps by the limits that they read here.
        new("cgroup", "/sys/fs/cgroup", "cgroup", ["ro", "nosuid", "noexec", "nodev", "relatime"]),
    ];

    private static JsonNode Mount(OciMount mount) => new JsonObject
    {
        ["destination"] = mount.Destination,
        ["type"] = mount.Type,
        ["source"] = mount.Source,
        ["options"] = Strings(mount.Options),
    };

    private static JsonObject Limit(string type, long value) => new() { ["type"] = type, ["soft"] = value, ["hard"] = value };

    private static JsonArray Strings(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode?)JsonValue.Create(value))]);
}

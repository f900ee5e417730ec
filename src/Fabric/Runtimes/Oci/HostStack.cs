using System.Net;

namespace Strata.Runtimes.Oci;

/// <summary>
/// The stack <c>host</c>: a read-only root whose /usr is the machine's own. Only what programs need of /etc is there, never accounts, keys
/// or the configuration of the machine's services. One root serves every run; what differs by run (passwd, hosts) is mounted over it.
/// </summary>
internal sealed class HostStack
{
    private static readonly string[] MergedFolders = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"];

    private static readonly string[] MountPoints =
        ["usr", "etc", "tmp", "var/tmp", "proc", "dev", "sys/fs/cgroup", "run", "app", "work", "home/build"];

    /// <summary>For every user, with the sticky bit: runc gives what it mounts there the mode of the folder.</summary>
    private static readonly string[] SharedFolders = ["tmp", "var/tmp"];

    private static readonly string[] EtcOfTheMachine =
    [
        "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/tls/certs", "pki/ca-trust/extracted", "crypto-policies", "alternatives",
        "ld.so.cache", "ld.so.conf",
        "ld.so.conf.d", "localtime", "dotnet", "mime.types", "protocols", "services", "fonts",
    ];

    private readonly List<OciMount> mounts = [];

    private HostStack(string folder) => Root = Path.Combine(folder, "host");

    /// <summary>The root folder for bundles.</summary>
    public string Root { get; }

    /// <summary>What to mount on it for every run.</summary>
    public IReadOnlyList<OciMount> Mounts => mounts;

    /// <summary>Makes the folder from scratch each time: the machine may have changed since.</summary>
    public static HostStack Prepare(string folder)
    {
        var stack = new HostStack(folder);
        foreach (var point in MountPoints) Directory.CreateDirectory(Path.Combine(stack.Root, point));
        foreach (var point in SharedFolders) File.SetUnixFileMode(Path.Combine(stack.Root, point), (UnixFileMode)0b001_111_111_111);
        stack.mounts.Add(OciMount.ReadOnly("/usr", "/usr"));
        foreach (var name in MergedFolders) stack.AddMerged(name);
        stack.AddEtc();
        return stack;
    }

    /// <summary>Most systems have /bin as a link to usr/bin; where it is a folder it is mounted.</summary>
    private void AddMerged(string name)
    {
        var host = new DirectoryInfo("/" + name);
        if (!host.Exists) return;
        var target = Path.Combine(Root, name);
        if (host.LinkTarget is { } link)
        {
            if (!Path.Exists(target)) File.CreateSymbolicLink(target, link);
            return;
        }
        Directory.CreateDirectory(target);
        mounts.Add(OciMount.ReadOnly("/" + name, "/" + name));
    }

    private void AddEtc()
    {
        var etc = Path.Combine(Root, "etc");
        File.WriteAllText(Path.Combine(etc, "nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n");
        File.WriteAllText(Path.Combine(etc, "resolv.conf"), Resolvers());
        foreach (var name in new[] { "passwd", "group", "hosts" }) File.WriteAllText(Path.Combine(etc, name), "");
        foreach (var name in EtcOfTheMachine) AddEtc(etc, name);
    }

    private void AddEtc(string etc, string name)
    {
        // A link such as /etc/localtime is resolved: its target is inside /usr but the mount is of the file.
        var source = "/etc/" + name;
        if (!Path.Exists(source)) return;
        source = new FileInfo(source).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? source;
        var target = Path.Combine(etc, name);
        if (Directory.Exists(source)) Directory.CreateDirectory(target);
        else CreateEmpty(target);
        mounts.Add(OciMount.ReadOnly(source, "/etc/" + name));
    }

    private static void CreateEmpty(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "");
    }

    /// <summary>Those that instances ask, as far as they are addresses.</summary>
    public static IReadOnlyList<IPAddress> ResolverAddresses() =>
    [
        .. Resolvers().Split('\n').Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words is ["nameserver", _, ..])
            .Select(words => IPAddress.TryParse(words[1], out var address) ? address : null).OfType<IPAddress>(),
    ];

    /// <summary>
    /// The machine's resolvers, but for a stub on its loopback, which an instance cannot reach: then those behind the stub.
    /// </summary>
    private static string Resolvers()
    {
        string[] files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
        return files.Where(File.Exists).Select(File.ReadAllText)
            .FirstOrDefault(text => !text.Contains("nameserver 127.", StringComparison.Ordinal)) ?? "";
    }
}

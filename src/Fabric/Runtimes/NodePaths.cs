using System.Security.Cryptography;
using System.Text;
using Strata.Core;

namespace Strata.Runtimes;

/// <summary>
/// Where a node keeps its files: below <c>STRATA_HOME/node</c>, readable by its owner only. Also the id that distinguishes clouds on one
/// machine.
/// </summary>
public sealed class NodePaths
{
    public NodePaths(string home)
    {
        Home = Path.GetFullPath(home);
        Root = Path.Combine(Home, "node");
        CloudId = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Home)))[..8];
    }

    public string Home { get; }

    public string Root { get; }

    /// <summary>
    /// Free space on the disk that is left to the platform: below it nothing that instances and builds ask for is written.
    /// </summary>
    public long DiskReserveBytes { get; init; }

    public DiskReserve Disk => new(Home, DiskReserveBytes);

    /// <summary>8 hexadecimal digits from the hash of the home folder's path: in the names of bridges, cgroups, firewall tables.</summary>
    public string CloudId { get; }

    public string Runs => Ensure("runs");
    public string Builds => Ensure("builds");
    public string Workspaces => Ensure("workspaces");
    public string Layers => Ensure("layers");
    public string Logs => Ensure("logs");
    public string State => Ensure("state");
    public string Stack => Ensure("stack");

    private string Ensure(string name)
    {
        var path = Path.Combine(Root, name);
        if (!Directory.Exists(path))
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}

namespace Strata.Runtimes.Oci;

/// <summary>
/// The stack <c>image</c>: the application's layer is the root file system, seen through an overlay that the shim mounts at <c>root</c> in
/// the run's folder. Nothing of the machine is in it but the names that its network needs. The program itself is process 1, because an
/// image need not have a shell.
/// </summary>
/// <param name="folder">Of the run.</param>
internal sealed class ImageRoot(HostStack stack, string folder)
{
    private static readonly Dictionary<string, string> BaseEnv = new()
    {
        ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ["HOME"] = "/",
    };

    /// <summary>The bundle with another root; user, limits and all that confines it stay as they are.</summary>
    public OciBundle Take(OciBundle bundle, RunRequest request, IReadOnlyDictionary<string, string>? endpoint, string workFolder) =>
        bundle with
    {
        Root = Path.Combine(folder, "root"),
        IsRootWritable = true,
        Args = request.Command,
        Env = OciRuntime.Merge(BaseEnv, request.Env, endpoint),
        WorkFolder = workFolder,
        Mounts =
        [
            OciMount.ReadOnly(Path.Combine(folder, "hosts"), "/etc/hosts"),
            OciMount.ReadOnly(Path.Combine(stack.Root, "etc", "resolv.conf"), "/etc/resolv.conf"),
            OciMount.Tmpfs("/tmp", OciRuntime.TmpBytesMax, "1777"),
        ],
    };
}

namespace Strata.Core;

/// <summary>The path of a file or folder as the kernel's tables name it: absolute, without symbolic links in any part.</summary>
public static class RealPath
{
    /// <summary>As many as the kernel follows.</summary>
    private const int LinksMax = 40;

    /// <summary>Parts that do not exist stay as they are; so does a whole path that the kernel would refuse for its links.</summary>
    public static string Of(string path)
    {
        var links = 0;
        var resolved = "/";
        var rest = new Stack<string>();
        Push(Path.Combine(Environment.CurrentDirectory, path));
        while (rest.TryPop(out var part))
        {
            if (part == "..") resolved = Path.GetDirectoryName(resolved) ?? "/";
            if (part is "." or "..") continue;
            var next = Path.Combine(resolved, part);
            if (new FileInfo(next).LinkTarget is not { } target) resolved = next;
            else if (++links > LinksMax) return Path.GetFullPath(path);
            else Push(target);
        }
        return resolved;

        void Push(string target)
        {
            if (Path.IsPathRooted(target)) resolved = "/";
            foreach (var part in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse()) rest.Push(part);
        }
    }
}

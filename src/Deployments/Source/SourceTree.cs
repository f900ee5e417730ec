using System.Text;

namespace Strata.Deployments.Source;

/// <summary>
/// Reads a folder that nobody vouches for. Paths are relative with "/"; a path that a link leads out of the folder is as if it were not there.
/// Made when the folder is complete; not told of later changes.
/// </summary>
internal sealed class SourceTree(string root)
{
    /// <summary>Bytes that are read of one file; a detector needs no more.</summary>
    public const int TextBytesMax = 1 << 20;

    private readonly LinkMap links = LinkMap.Scan(root);

    public string Root => root;

    public LinkMap Links => links;

    /// <summary>Where it is on disk with links followed, or null where there is no such file.</summary>
    public string? File(string path) => OnDisk(path) is { } file && System.IO.File.Exists(file) ? file : null;

    /// <summary>Where it is on disk with links followed, or null where there is no such folder.</summary>
    public string? Folder(string path) => OnDisk(path) is { } folder && Directory.Exists(folder) ? folder : null;

    public bool HasFile(string path) => File(path) is not null;

    /// <summary>The first of these that is a file, or null.</summary>
    public string? FirstFile(params ReadOnlySpan<string> paths)
    {
        foreach (var path in paths)
        {
            if (HasFile(path)) return path;
        }
        return null;
    }

    /// <summary>Its text up to <see cref="TextBytesMax"/>, or null where there is no such file.</summary>
    public string? Read(string path)
    {
        if (File(path) is not { } file) return null;
        using var stream = System.IO.File.OpenRead(file);
        var buffer = new byte[(int)Math.Min(stream.Length, TextBytesMax)];
        var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return new UTF8Encoding(false).GetString(buffer, 0, read).TrimStart('\uFEFF');
    }

    /// <summary>Files whose name ends so, at most three folders deep, in order of depth and name; folders that hold results are left out.</summary>
    public IReadOnlyList<string> FilesEnding(string ending)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3, AttributesToSkip = FileAttributes.ReparsePoint };
        return [.. Directory.EnumerateFiles(root, "*" + ending, options)
            .Select(x => Path.GetRelativePath(root, x))
            .Where(x => !x.Split('/')[..^1].Any(y => y is "bin" or "obj" or "node_modules" or ".git"))
            .OrderBy(x => x.Count(y => y == '/')).ThenBy(x => x, StringComparer.Ordinal)];
    }

    private string? OnDisk(string path) => links.Resolve(path) is { } inside ? Path.Combine(root, inside) : null;
}

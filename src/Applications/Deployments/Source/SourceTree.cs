using System.Text;

namespace Strata.Deployments.Source;

/// <summary>
/// Reads an untrusted folder. Paths are relative with "/"; a path that leaves the folder through a link is treated as missing.
/// Created when the folder is complete; does not see later changes.
/// </summary>
internal sealed class SourceTree
{
    /// <summary>Bytes that are read of one file; enough for every detector.</summary>
    public const int TextBytesMax = 1 << 20;

    /// <summary>Files, folders and links of a tree with what a build installs into it.</summary>
    public const int EntriesMaxDefault = 500_000;

    private const int DepthMax = 3;

    private readonly string root;
    private readonly LinkMap links;
    private readonly int entriesMax;

    /// <exception cref="TooManyEntriesException">There are more than <paramref name="entriesMax"/> files, folders and links.</exception>
    public SourceTree(string root, int entriesMax = EntriesMaxDefault, CancellationToken cancellationToken = default)
    {
        (this.root, this.entriesMax) = (root, entriesMax);
        links = LinkMap.Scan(root, entriesMax, cancellationToken);
    }

    public string Root => root;

    public LinkMap Links => links;

    /// <summary>Where it is on disk with links followed, or null if no such regular file exists.</summary>
    public string? File(string path)
    {
        using var stream = Open(path);
        return stream is null ? null : OnDisk(path);
    }

    /// <summary>A regular file with links inside of the folder followed, or null if no such file exists.</summary>
    public FileStream? Open(string path) => links.Resolve(path) is { } inside ? UserFile.Open(root, inside) : null;

    /// <summary>Where it is on disk with links followed, or null if no such folder exists.</summary>
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

    /// <summary>Its text up to <see cref="TextBytesMax"/>, or null if no such file exists.</summary>
    public string? Read(string path)
    {
        using var stream = Open(path);
        if (stream is null) return null;
        var buffer = new byte[(int)Math.Min(stream.Length, TextBytesMax)];
        var read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return new UTF8Encoding(false).GetString(buffer, 0, read).TrimStart('\uFEFF');
    }

    /// <summary>
    /// Files whose name has this ending, at most three folders deep, in order of depth and name; folders with build results are left out.
    /// </summary>
    public IReadOnlyList<string> FilesEnding(string ending) => [.. FilesWhere(x => x.EndsWith(ending, StringComparison.Ordinal))];

    /// <summary>
    /// Files that meet a condition, at most three folders deep, in order of depth and name; folders with build results are left out.
    /// </summary>
    public IEnumerable<string> FilesWhere(Func<string, bool> condition) => UserFolder.Walk(root, entriesMax, CancellationToken.None, Enters)
        .Where(x => x.Kind == UserEntryKind.File && condition(x.Path))
        .Select(x => x.Path)
        .OrderBy(x => x.Count(y => y == '/')).ThenBy(x => x, StringComparer.Ordinal);

    private static bool Enters(UserEntry folder) =>
        Path.GetFileName(folder.Path) is not ("bin" or "obj" or "node_modules" or ".git") && folder.Path.Count(x => x == '/') < DepthMax;

    private string? OnDisk(string path) => links.Resolve(path) is { } inside ? Path.Combine(root, inside) : null;
}

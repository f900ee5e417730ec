using System.Formats.Tar;
using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Deployments.Images;

/// <summary>
/// Writes a folder as a tar that depends on nothing but the folder's content: entries sorted by name, no times, owners or groups. Symbolic links are kept as they are for
/// applications; for static sites they are followed where they stay inside, and left out where not, because an edge follows none.
/// </summary>
internal sealed class LayerWriter(SourceTree tree, bool followLinks, long bytesMax)
{
    private const UnixFileMode ProgramMode = (UnixFileMode)0b111_101_101;
    private const UnixFileMode FileMode = (UnixFileMode)0b110_100_100;
    private static readonly string[] NeverPacked = [".git"];

    private readonly List<string> leftOut = [];
    private long bytes;
    private int files;

    /// <summary>Paths of what was there and not packed.</summary>
    public IReadOnlyList<string> LeftOut => leftOut;

    public int Files => files;

    /// <param name="folder">Of the tree, with links resolved; "" for its root.</param>
    public async Task<Result<Done>> WriteAsync(string folder, Stream target, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
        var pending = new Stack<(string Path, string Name)>([(folder, "")]);
        while (pending.TryPop(out var next))
        {
            foreach (var entry in Entries(next.Path))
            {
                var name = next.Name.Length == 0 ? entry.Name : $"{next.Name}/{entry.Name}";
                if (NeverPacked.Contains(name)) continue;
                if (await AddAsync(tar, entry, name, pending, cancellationToken) is { } error) return error;
            }
        }
        return default(Done);
    }

    private FileSystemInfo[] Entries(string path)
    {
        var entries = new DirectoryInfo(Path.Combine(tree.Root, path)).GetFileSystemInfos();
        Array.Sort(entries, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return entries;
    }

    private async Task<Error?> AddAsync(TarWriter tar, FileSystemInfo entry, string name, Stack<(string Path, string Name)> pending, CancellationToken cancellationToken)
    {
        if (++files > SourceLimits.Default.FilesMax) return SourceErrors.TooManyFiles(SourceLimits.Default.FilesMax);
        var path = Path.GetRelativePath(tree.Root, entry.FullName);
        if (entry.LinkTarget is { } target)
        {
            if (!followLinks) await WriteAsync(tar, new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = target }, cancellationToken);
            else if (tree.File(path) is { } file) return await AddFileAsync(tar, new FileInfo(file), name, cancellationToken);
            else leftOut.Add(name); // a folder behind a link could contain itself
            return null;
        }
        if (entry is FileInfo plain)
        {
            if (!IsRegular(plain)) leftOut.Add(name);
            else return await AddFileAsync(tar, plain, name, cancellationToken);
            return null;
        }
        await WriteAsync(tar, new PaxTarEntry(TarEntryType.Directory, name + "/") { Mode = ProgramMode }, cancellationToken);
        pending.Push((path, name));
        return null;
    }

    private async Task<Error?> AddFileAsync(TarWriter tar, FileInfo file, string name, CancellationToken cancellationToken)
    {
        if ((bytes += file.Length) > bytesMax) return SourceErrors.TooManyBytes(bytesMax);
        await using var content = new FileStream(file.FullName, System.IO.FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0, FileOptions.SequentialScan);
        var mode = (file.UnixFileMode & UnixFileMode.UserExecute) != 0 ? ProgramMode : FileMode;
        await WriteAsync(tar, new PaxTarEntry(TarEntryType.RegularFile, name) { Mode = mode, DataStream = content }, cancellationToken);
        return null;
    }

    private static Task WriteAsync(TarWriter tar, PaxTarEntry entry, CancellationToken cancellationToken)
    {
        entry.ModificationTime = DateTimeOffset.UnixEpoch;
        return tar.WriteEntryAsync(entry, cancellationToken);
    }

    /// <summary>Not a pipe, socket or device, which would block or mislead a reader.</summary>
    private static bool IsRegular(FileInfo file) => SafeKind.IsRegular(file.FullName);
}

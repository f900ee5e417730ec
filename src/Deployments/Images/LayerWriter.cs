using System.Formats.Tar;
using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Deployments.Images;

/// <summary>
/// Writes a folder as a tar that depends on nothing but the folder's content: entries sorted by name, no times, owners or groups. Symbolic links are kept as they are for
/// applications; for static sites they are followed where they stay inside, and left out where not, because an edge follows none, and so are private files (<see cref="ServedFiles"/>).
/// </summary>
/// <param name="site">Patterns of the private files that a static site serves; null: it is an application.</param>
internal sealed class LayerWriter(SourceTree tree, IReadOnlyList<string>? site, long bytesMax)
{
    private const UnixFileMode ProgramMode = (UnixFileMode)0b111_101_101;
    private const UnixFileMode FileMode = (UnixFileMode)0b110_100_100;
    private const int LeftOutMax = 100;
    private const int EntriesMax = SourceTree.EntriesMaxDefault;
    private static readonly string[] NeverPacked = [".git"];

    private readonly List<string> leftOut = [];
    private readonly List<string> notServed = [];
    private long bytes;
    private int files;

    /// <summary>At most a hundred paths of what was there and not packed.</summary>
    public IReadOnlyList<string> LeftOut => leftOut;

    /// <summary>Private files of a static site, which are not packed, but for hidden ones.</summary>
    public IReadOnlyList<string> NotServed => notServed;

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
                var own = Path.GetFileName(entry.Path);
                var name = next.Name.Length == 0 ? own : $"{next.Name}/{own}";
                if (NeverPacked.Contains(name)) continue;
                if (await AddAsync(tar, entry, name, pending, cancellationToken) is { } error) return error;
            }
        }
        return default(Done);
    }

    private List<UserEntry> Entries(string path)
    {
        var entries = UserFolder.List(tree.Root, path).Take(EntriesMax - files + 1).ToList();
        entries.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));
        return entries;
    }

    private async Task<Error?> AddAsync(TarWriter tar, UserEntry entry, string name, Stack<(string Path, string Name)> pending, CancellationToken cancellationToken)
    {
        if (++files > EntriesMax) return SourceErrors.TooManyFiles(EntriesMax);
        if (!IsPortable(name) || entry.Target is { } text && !IsPortable(text))
        {
            LeaveOut(leftOut, string.Concat(name.Select(x => char.IsControl(x) ? '?' : x)));
            return null;
        }
        if (site is not null && entry.Kind != UserEntryKind.Folder && ServedFiles.IsPrivate(name, site))
        {
            if (!Path.GetFileName(name).StartsWith('.')) LeaveOut(notServed, name);
            return null;
        }
        if (entry.Target is { } target)
        {
            if (site is null) await WriteAsync(tar, new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = target }, cancellationToken);
            else if (tree.File(entry.Path) is { } file && !ServedFiles.IsPrivate(Path.GetRelativePath(tree.Root, file), site)) return await AddFileAsync(tar, file, name, cancellationToken);
            else LeaveOut(leftOut, name); // a folder behind a link could contain itself
            return null;
        }
        if (entry.Kind == UserEntryKind.File) return await AddFileAsync(tar, Path.Combine(tree.Root, entry.Path), name, cancellationToken);
        if (site is not null && ServedFiles.IsPrivate(name + "/x")) return null;
        await WriteAsync(tar, new PaxTarEntry(TarEntryType.Directory, name + "/") { Mode = ProgramMode }, cancellationToken);
        pending.Push((entry.Path, name));
        return null;
    }

    private async Task<Error?> AddFileAsync(TarWriter tar, string path, string name, CancellationToken cancellationToken)
    {
        await using var content = UserFile.Open(path);
        if (content is null)
        {
            LeaveOut(leftOut, name); // a pipe, socket or device, which would block or mislead a reader
            return null;
        }
        if ((bytes += content.Length) > bytesMax) return SourceErrors.TooManyBytes(bytesMax);
        var mode = (File.GetUnixFileMode(content.SafeFileHandle) & UnixFileMode.UserExecute) != 0 ? ProgramMode : FileMode;
        await WriteAsync(tar, new PaxTarEntry(TarEntryType.RegularFile, name) { Mode = mode, DataStream = content }, cancellationToken);
        return null;
    }

    private static void LeaveOut(List<string> paths, string name)
    {
        if (paths.Count < LeftOutMax) paths.Add(name);
    }

    /// <summary>Readers of tar archives disagree about line breaks in names: an image with one cannot be unpacked everywhere.</summary>
    private static bool IsPortable(string name) => name.Length is > 0 and <= 4096 && !name.Any(x => char.IsControl(x) || x == '\uFFFD');

    private static Task WriteAsync(TarWriter tar, PaxTarEntry entry, CancellationToken cancellationToken)
    {
        entry.ModificationTime = DateTimeOffset.UnixEpoch;
        return tar.WriteEntryAsync(entry, cancellationToken);
    }
}

using System.Formats.Tar;
using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Deployments.Images;

/// <summary>
/// Writes a folder as a tar that depends on nothing but the folder's content: entries sorted by name, no times, owners or groups. Symbolic
/// links are kept as they are for applications; for static sites they are followed where they stay inside, and left out where not, because
/// an edge follows none, and so are private files (<see cref="ServedFiles"/>).
/// </summary>
/// <param name="site">Patterns of the private files that a static site serves; null: it is an application.</param>
internal sealed class LayerWriter(SourceTree tree, IReadOnlyList<string>? site, long bytesMax)
{
    private const UnixFileMode ProgramMode = (UnixFileMode)0b111_101_101;
    private const UnixFileMode FileMode = (UnixFileMode)0b110_100_100;
    private const int NotServedMax = 100;
    private const int EntriesMax = SourceTree.EntriesMaxDefault;
    private static readonly string[] NeverPacked = [".git"];

    private readonly List<string> notServed = [];
    private long bytes;
    private int files;

    /// <summary>Entries that were not packed.</summary>
    public LeftOutFiles LeftOut { get; } = new();

    /// <summary>Private files of a static site, which are not packed, except hidden ones.</summary>
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

    private async Task<Error?> AddAsync(
        TarWriter tar, UserEntry entry, string name, Stack<(string Path, string Name)> pending, CancellationToken cancellationToken)
    {
        if (++files > EntriesMax) return SourceErrors.TooManyFiles(EntriesMax);
        if (!LeftOutFiles.IsPortable(name) || entry.Target is { } text && !LeftOutFiles.IsPortable(text))
        {
            LeftOut.Add(name, LeftOutFiles.ControlCharacters);
            return null;
        }
        if (site is not null && entry.Kind != UserEntryKind.Folder && ServedFiles.IsPrivate(name, site))
        {
            if (!Path.GetFileName(name).StartsWith('.') && notServed.Count < NotServedMax) notServed.Add(name);
            return null;
        }
        if (entry.Target is { } target)
        {
            if (site is null)
                await WriteAsync(tar, new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = target }, cancellationToken);
            else if (tree.File(entry.Path) is { } file && !ServedFiles.IsPrivate(Path.GetRelativePath(tree.Root, file), site))
                return await AddFileAsync(tar, entry.Path, name, cancellationToken);
            else LeftOut.Add(name, WhyNot(entry.Path)); // a folder behind a link could contain itself
            return null;
        }
        if (entry.Kind == UserEntryKind.File) return await AddFileAsync(tar, entry.Path, name, cancellationToken);
        if (site is not null && ServedFiles.IsPrivate(name + "/x")) return null;
        await WriteAsync(tar, new PaxTarEntry(TarEntryType.Directory, name + "/") { Mode = ProgramMode }, cancellationToken);
        pending.Push((entry.Path, name));
        return null;
    }

    private async Task<Error?> AddFileAsync(TarWriter tar, string path, string name, CancellationToken cancellationToken)
    {
        await using var content = tree.Open(path);
        if (content is null)
        {
            LeftOut.Add(name, LeftOutFiles.NotPlain); // it would block or mislead a reader
            return null;
        }
        if ((bytes += content.Length) > bytesMax) return SourceErrors.TooManyBytes(bytesMax);
        var mode = (File.GetUnixFileMode(content.SafeFileHandle) & UnixFileMode.UserExecute) != 0 ? ProgramMode : FileMode;
        await WriteAsync(tar, new PaxTarEntry(TarEntryType.RegularFile, name) { Mode = mode, DataStream = content }, cancellationToken);
        return null;
    }

    /// <summary>Of a link in a static site.</summary>
    private string WhyNot(string link)
    {
        if (tree.Links.IsCircle(link)) return "a link that leads back to itself";
        if (tree.Links.Resolve(link) is null) return LeftOutFiles.LeadsOut;
        return tree.Folder(link) is not null ? "a link to a folder, which a static site does not follow"
            : "a link to nothing, or to what a static site does not serve";
    }

    private static Task WriteAsync(TarWriter tar, PaxTarEntry entry, CancellationToken cancellationToken)
    {
        entry.ModificationTime = DateTimeOffset.UnixEpoch;
        return tar.WriteEntryAsync(entry, cancellationToken);
    }
}

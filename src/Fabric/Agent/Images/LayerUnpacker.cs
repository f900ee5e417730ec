using System.Formats.Tar;
using System.IO.Compression;
using Strata.Core;
using Strata.Runtimes;

namespace Strata.Agent.Images;

/// <summary>Bounds of an unpacked layer.</summary>
internal sealed record LayerLimits
{
    public static readonly LayerLimits Default = new();

    public long BytesMax { get; init; } = 8L << 30;
    public int EntriesMax { get; init; } = 500_000;
    public int PathCharsMax { get; init; } = 2048;
}

/// <summary>A layer that must not be unpacked; the message is a clause without a full stop.</summary>
internal sealed class BadLayerException(string why) : Exception(why);

/// <summary>
/// Unpacks an untrusted tar.gz into an empty folder. What exists is tracked in memory and never looked up on disk, so that nothing is ever
/// written through a link. Only files, folders and links are made; their owners, times and special bits are dropped, and everything is open
/// to every user, because each instance has a user of its own. Links may point anywhere: they are followed only inside the instance. One
/// use each.
/// </summary>
internal sealed class LayerUnpacker(string folder, LayerLimits limits)
{
    private enum Made
    {
        Folder,
        File,
        Link,
    }

    private const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode ForAll = (UnixFileMode)0b110_110_110;

    /// <summary>Headers and padding of one entry, generously.</summary>
    private const long EntryOverheadBytes = 4096;

    private readonly Dictionary<string, Made> made = new(StringComparer.Ordinal) { [""] = Made.Folder };
    private long bytes;
    private int entries;

    /// <exception cref="BadLayerException">The layer breaks a rule; the folder holds remains.</exception>
    public async Task UnpackAsync(Stream gzip, CancellationToken cancellationToken)
    {
        File.SetUnixFileMode(folder, ForAll | Execute);
        try
        {
            await using var plain = new GZipStream(gzip, CompressionMode.Decompress, leaveOpen: true);
            await using var guard = new GuardedTarStream(
                plain, new TarLimits(limits.BytesMax + (limits.EntriesMax * EntryOverheadBytes), limits.EntriesMax * 4));
            await using var tar = new TarReader(guard, leaveOpen: true);
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry) await AddAsync(entry, cancellationToken);
        }
        catch (TarLimitException e)
        {
            throw new BadLayerException(e.Message);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or ArgumentException)
        {
            throw new BadLayerException("its layer is not a tar.gz archive");
        }
    }

    private async Task AddAsync(TarEntry entry, CancellationToken cancellationToken)
    {
        if (++entries > limits.EntriesMax) throw new BadLayerException($"it holds more than {limits.EntriesMax} files");
        if (entry.EntryType is TarEntryType.GlobalExtendedAttributes) return;
        var path = Normalize(entry.Name);
        if (path.Length == 0) return;
        MakeParents(path);
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                MakeFolder(path);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                await WriteFileAsync(path, entry, cancellationToken);
                break;
            case TarEntryType.SymbolicLink:
                Replace(path);
                File.CreateSymbolicLink(Full(path), entry.LinkName);
                made[path] = Made.Link;
                break;
            case TarEntryType.HardLink:
                MakeHardLink(path, entry);
                break;
            default:
                throw new BadLayerException($"it holds {entry.Name}, which is neither a file nor a folder nor a link");
        }
    }

    /// <summary>A relative path without dots; anything that would leave the folder is refused, not corrected.</summary>
    private string Normalize(string name)
    {
        if (name.Length > limits.PathCharsMax) throw new BadLayerException("it holds a path that is too long");
        if (name.StartsWith('/') || name.Contains('\0', StringComparison.Ordinal))
            throw new BadLayerException($"it holds the path {name}, which leads out of it");
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
        if (parts.Contains("..")) throw new BadLayerException($"it holds the path {name}, which leads out of it");
        return string.Join('/', parts);
    }

    private void MakeParents(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
            MakeFolder(path[..slash]);
    }

    private void MakeFolder(string path)
    {
        if (made.TryGetValue(path, out var what))
        {
            if (what != Made.Folder) throw new BadLayerException($"it writes through {path}, which is not a folder");
            return;
        }
        Directory.CreateDirectory(Full(path));
        File.SetUnixFileMode(Full(path), ForAll | Execute);
        made[path] = Made.Folder;
    }

    private async Task WriteFileAsync(string path, TarEntry entry, CancellationToken cancellationToken)
    {
        Count(entry.Length);
        Replace(path);
        await using (var file = new FileStream(Full(path), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            if (entry.DataStream is { } data) await data.CopyToAsync(file, cancellationToken);
        }
        File.SetUnixFileMode(Full(path), (entry.Mode & Execute) == 0 ? ForAll : ForAll | Execute);
        made[path] = Made.File;
    }

    private void MakeHardLink(string path, TarEntry entry)
    {
        var target = Normalize(entry.LinkName);
        if (!made.TryGetValue(target, out var what) || what != Made.File)
            throw new BadLayerException($"its hard link {path} does not lead to a file in it");
        if (target == path) return;
        Replace(path);
        if (!Posix.TryLink(Full(target), Full(path))) throw new IOException($"The link {path} could not be made.");
        made[path] = Made.File;
    }

    /// <summary>A later entry replaces an earlier one, as in tar; a folder stays.</summary>
    private void Replace(string path)
    {
        if (!made.TryGetValue(path, out var what)) return;
        if (what == Made.Folder) throw new BadLayerException($"it holds {path} both as a folder and as a file");
        File.Delete(Full(path));
    }

    private void Count(long more)
    {
        bytes += more;
        if (bytes > limits.BytesMax) throw new BadLayerException($"it unpacks to more than {limits.BytesMax >> 20} MiB");
    }

    private string Full(string path) => Path.Combine(folder, path);
}

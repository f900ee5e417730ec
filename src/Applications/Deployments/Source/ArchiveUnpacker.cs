using System.Formats.Tar;
using System.IO.Compression;
using Strata.Core;

namespace Strata.Deployments.Source;

/// <summary>
/// Unpacks an untrusted tar archive (gzip) into an empty folder.
/// <para>Invariant: nothing outside the folder is written or can be reached through what was written. Links are made last, when all of them
/// are known, and only if none leaves the folder; devices and pipes are refused; owners and special mode bits are dropped. On an error the
/// folder holds a part of the archive and the caller throws it away.</para>
/// </summary>
internal sealed class ArchiveUnpacker(SourceLimits limits)
{
    /// <summary>Headers and padding of one entry, generously.</summary>
    private const long EntryOverheadBytes = 4096;

    private const UnixFileMode Executable = UnixFileMode.UserExecute;
    private const UnixFileMode PlainFile = (UnixFileMode)0b110_100_100;
    private const UnixFileMode ProgramFile = (UnixFileMode)0b111_101_101;

    public async Task<Result<Done>> UnpackAsync(Stream archive, string folder, CancellationToken cancellationToken)
    {
        var state = new State(folder, new LinkMap(), limits);
        try
        {
            await using var plain = new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true);
            await using var guard = new GuardedTarStream(
                plain, new TarLimits(limits.BytesMax + (limits.FilesMax * EntryOverheadBytes), limits.FilesMax * 4));
            await using var tar = new TarReader(guard, leaveOpen: true);
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                if (await AddAsync(state, entry, cancellationToken) is { } error) return error;
            }
        }
        catch (TarNameException e)
        {
            return SourceErrors.ArchiveUnsafe(e.Escaped, TarNameException.Why);
        }
        catch (TarLimitException e)
        {
            return SourceErrors.ArchiveBeyondLimits(e.Message);
        }
        catch (Exception e)
            when (e is InvalidDataException or EndOfStreamException or FormatException or ArgumentException or OverflowException)
        {
            return SourceErrors.ArchiveBroken();
        }
        return MakeLinks(state, cancellationToken) is { } fault ? fault : default(Done);
    }

    private static async Task<Error?> AddAsync(State state, TarEntry entry, CancellationToken cancellationToken)
    {
        if (entry.EntryType is TarEntryType.GlobalExtendedAttributes) return null;
        if (++state.Files > state.Limits.FilesMax) return SourceErrors.TooManyFiles(state.Limits.FilesMax);
        if (entry.Name.Any(char.IsControl)) return SourceErrors.ArchiveUnsafe(TarNameException.Escape(entry.Name), TarNameException.Why);
        if (SafeName(entry.Name) is not { } name) return SourceErrors.ArchiveUnsafe(entry.Name, "would be written outside the source");
        if (name.Length == 0) return null; // "./": the folder itself
        if (state.Links.PassesLink(name) || state.Links.IsLink(name))
            return SourceErrors.ArchiveUnsafe(name, "would be written through a link");
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                return MakeFolder(state, name);
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                return await WriteAsync(state, name, entry, cancellationToken);
            case TarEntryType.SymbolicLink:
                return NoteLink(state, name, entry.LinkName);
            case TarEntryType.HardLink:
                return HardLink(state, name, entry.LinkName);
            default:
                return SourceErrors.ArchiveUnsafe(name, "is neither a file, a folder nor a link");
        }
    }

    /// <summary>The path with "." parts dropped; null if it is absolute, climbs or contains invalid characters.</summary>
    private static string? SafeName(string name)
    {
        if (name.StartsWith('/') || name.Length > 4096) return null;
        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(x => x != ".").ToArray();
        return Array.Exists(parts, x => x == ".." || System.Text.Encoding.UTF8.GetByteCount(x) > 255) ? null : string.Join('/', parts);
    }

    private static Error? MakeFolder(State state, string name)
    {
        var path = state.PathOf(name);
        if (File.Exists(path)) return SourceErrors.ArchiveUnsafe(name, "is both a file and a folder");
        Directory.CreateDirectory(path);
        return null;
    }

    private static async Task<Error?> WriteAsync(State state, string name, TarEntry entry, CancellationToken cancellationToken)
    {
        state.Bytes += entry.Length;
        if (state.Bytes > state.Limits.BytesMax) return SourceErrors.TooManyBytes(state.Limits.BytesMax);
        var path = state.PathOf(name);
        if (PrepareParent(state, name) is { } fault) return fault;
        if (Directory.Exists(path)) return SourceErrors.ArchiveUnsafe(name, "is both a file and a folder");
        File.Delete(path); // the last of two entries of one name counts, and must not write into a hard link's other name
        var mode = (entry.Mode & Executable) != 0 ? ProgramFile : PlainFile;
        await using var file = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode, BufferSize = 0 });
        if (entry.DataStream is { } data) await data.CopyToAsync(file, cancellationToken);
        return null;
    }

    private static Error? PrepareParent(State state, string name)
    {
        for (var slash = name.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = name.IndexOf('/', slash + 1))
        {
            if (File.Exists(state.PathOf(name[..slash]))) return SourceErrors.ArchiveUnsafe(name[..slash], "is both a file and a folder");
        }
        Directory.CreateDirectory(Path.GetDirectoryName(state.PathOf(name))!);
        return null;
    }

    private static Error? NoteLink(State state, string name, string target)
    {
        if (Path.Exists(state.PathOf(name))) return SourceErrors.ArchiveUnsafe(name, "occurs twice, once as a link");
        if (target.Length is 0 or > 4096 || target.Any(char.IsControl))
            return SourceErrors.ArchiveUnsafe(name, "is a link without a usable target");
        state.Links.Add(name, target);
        return null;
    }

    private static Error? HardLink(State state, string name, string target)
    {
        if (SafeName(target) is not { Length: > 0 } source || state.Links.PassesLink(source) || state.Links.IsLink(source)
            || !File.Exists(state.PathOf(source)))
        {
            return SourceErrors.ArchiveUnsafe(name, "is a hard link to something that is not in the archive");
        }
        state.Bytes += new FileInfo(state.PathOf(source)).Length;
        if (state.Bytes > state.Limits.BytesMax) return SourceErrors.TooManyBytes(state.Limits.BytesMax);
        if (PrepareParent(state, name) is { } fault) return fault;
        if (Path.Exists(state.PathOf(name))) return SourceErrors.ArchiveUnsafe(name, "occurs twice, once as a link");
        File.Copy(state.PathOf(source), state.PathOf(name));
        return null;
    }

    private static Error? MakeLinks(State state, CancellationToken cancellationToken)
    {
        foreach (var (name, target) in state.Links.Links)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (state.Links.PassesLink(name)) return SourceErrors.ArchiveUnsafe(name, "would be written through a link");
            if (state.Links.Leaves(name)) return SourceErrors.LinkLeaves($"{name} -> {target}");
        }
        foreach (var (name, target) in state.Links.Links)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Path.Exists(state.PathOf(name))) return SourceErrors.ArchiveUnsafe(name, "occurs twice, once as a link");
            if (PrepareParent(state, name) is { } fault) return fault;
            File.CreateSymbolicLink(state.PathOf(name), target);
        }
        return null;
    }

    private sealed class State(string folder, LinkMap links, SourceLimits limits)
    {
        public LinkMap Links { get; } = links;
        public SourceLimits Limits { get; } = limits;
        public int Files { get; set; }
        public long Bytes { get; set; }

        public string PathOf(string name) => Path.Combine(folder, name);
    }
}

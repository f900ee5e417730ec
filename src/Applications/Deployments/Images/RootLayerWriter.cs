using System.Formats.Tar;
using Strata.Core;
using Strata.Deployments.Build;
using Strata.Deployments.Source;

namespace Strata.Deployments.Images;

/// <summary>
/// Copies the tar of a whole root file system entry by entry: files, folders and links with their names, modes and content, and nothing
/// else of them. Devices, pipes and hard links to what was left out are left out. One use each.
/// </summary>
internal sealed class RootLayerWriter(long bytesMax)
{
    private const int EntriesMax = 500_000;

    /// <summary>Headers and padding of one entry, generously.</summary>
    private const long EntryOverheadBytes = 4096;
    private const UnixFileMode Permissions = (UnixFileMode)0b111_111_111;

    private readonly HashSet<string> written = new(StringComparer.Ordinal);
    private long bytes;

    /// <summary>Entries that were not packed.</summary>
    public LeftOutFiles LeftOut { get; } = new();

    public int Files { get; private set; }

    public async Task<Result<Done>> WriteAsync(Stream source, Stream target, CancellationToken cancellationToken)
    {
        try
        {
            await using var guard = new GuardedTarStream(
                source, new TarLimits(bytesMax + (EntriesMax * EntryOverheadBytes), EntriesMax * 4));
            await using var reader = new TarReader(guard, leaveOpen: true);
            await using var writer = new TarWriter(target, TarEntryFormat.Pax, leaveOpen: true);
            while (await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                if (await AddAsync(writer, entry, cancellationToken) is { } error) return error;
            }
            return default(Done);
        }
        catch (Exception e)
            when (e is InvalidDataException or TarLimitException or EndOfStreamException or FormatException or ArgumentException)
        {
            return BuildErrors.DockerFailed("export", e.Message);
        }
    }

    private async Task<Error?> AddAsync(TarWriter writer, TarEntry entry, CancellationToken cancellationToken)
    {
        var name = entry.Name.Trim('/');
        if (name is "" or "." || entry.EntryType is TarEntryType.GlobalExtendedAttributes) return null;
        if (++Files > EntriesMax) return SourceErrors.TooManyFiles(EntriesMax);
        if ((bytes += entry.Length) > bytesMax) return BuildErrors.ImageTooLarge(bytesMax);
        if (Array.Exists([name, entry.LinkName ?? ""], x => x.Any(char.IsControl)))
        {
            LeftOut.Add(name, LeftOutFiles.ControlCharacters);
            return null;
        }
        if (Clean(entry, name) is not { } clean)
        {
            LeftOut.Add(name, entry.EntryType is TarEntryType.HardLink ? "a hard link to what is not in the image" : LeftOutFiles.NotPlain);
            return null;
        }
        clean.ModificationTime = entry.ModificationTime;
        await writer.WriteEntryAsync(clean, cancellationToken);
        return null;
    }

    private PaxTarEntry? Clean(TarEntry entry, string name)
    {
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                return new PaxTarEntry(TarEntryType.Directory, name + "/") { Mode = entry.Mode & Permissions };
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                written.Add(name);
                return new PaxTarEntry(TarEntryType.RegularFile, name) { Mode = entry.Mode & Permissions,
                    DataStream = entry.DataStream is { } data ? new SizedStream(data, entry.Length) : null };
            case TarEntryType.SymbolicLink:
                return new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = entry.LinkName };
            case TarEntryType.HardLink when written.Contains(entry.LinkName.Trim('/')):
                written.Add(name);
                return new PaxTarEntry(TarEntryType.HardLink, name) { LinkName = entry.LinkName.Trim('/') };
            default:
                return null;
        }
    }
}

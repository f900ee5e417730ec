using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Strata.Core;

namespace Strata.Cli.Upload;

/// <summary>
/// A source folder as a gzipped tar in a temporary file, deleted on dispose. The same files give the same bytes, and so the same digest: owners and times are left out, modes are
/// 0644 or 0755. Written and hashed as a stream; memory does not grow with the folder.
/// </summary>
internal sealed class SourceArchive : IAsyncDisposable
{
    private const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    // Not the epoch: zip-based tools and HTTP caches mistrust 1970.
    private static readonly DateTimeOffset FileTime = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly FileStreamOptions ReadShared = new() { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.ReadWrite };

    private SourceArchive(FileStream content, string digest, int files) => (Content, Digest, Files) = (content, digest, files);

    /// <summary>At its start, ready to be sent.</summary>
    public FileStream Content { get; }

    /// <summary><c>sha256:</c> and 64 hexadecimal digits.</summary>
    public string Digest { get; }
    public int Files { get; }

    /// <summary>Links that lead out of the folder are left out: they would mean nothing elsewhere.</summary>
    public static async Task<Result<SourceArchive>> PackAsync(string folder, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var file = new FileStream(
            Path.Combine(Path.GetTempPath(), $"strata-{Path.GetRandomFileName()}.tar.gz"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None,
            1 << 16, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        try
        {
            await WriteAsync(file, folder, paths, cancellationToken);
            file.Position = 0;
            var digest = "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
            file.Position = 0;
            return new SourceArchive(file, digest, paths.Count);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await file.DisposeAsync();
            return UploadErrors.Unreadable(folder, e.Message);
        }
    }

    public ValueTask DisposeAsync() => Content.DisposeAsync();

    private static async Task WriteAsync(FileStream file, string folder, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        await using var gzip = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true);
        await using var tar = new TarWriter(gzip, TarEntryFormat.Gnu, leaveOpen: true);
        foreach (var path in paths) await WriteEntryAsync(tar, folder, path, cancellationToken);
    }

    private static async Task WriteEntryAsync(TarWriter tar, string folder, string path, CancellationToken cancellationToken)
    {
        var info = new FileInfo(Path.Combine(folder, path));
        if (info.LinkTarget is { } target)
        {
            if (LeadsOut(folder, path, target)) return;
            await tar.WriteEntryAsync(new GnuTarEntry(TarEntryType.SymbolicLink, path) { LinkName = target, ModificationTime = FileTime }, cancellationToken);
            return;
        }
        if (!info.Exists) return;
        // An empty file is not opened: a pipe has no length either, and opening one waits for ever.
        await using var content = info.Length == 0 ? null : info.Open(ReadShared);
        var mode = (info.UnixFileMode & Execute) != 0 ? Plain | Execute : Plain;
        var entry = new GnuTarEntry(TarEntryType.RegularFile, path) { Mode = mode, ModificationTime = FileTime, DataStream = content };
        await tar.WriteEntryAsync(entry, cancellationToken);
    }

    private static bool LeadsOut(string folder, string path, string target)
    {
        var root = Path.GetFullPath(folder).TrimEnd('/') + "/";
        var resolved = Path.GetFullPath(Path.Combine(root, Path.GetDirectoryName(path)!, target));
        return Path.IsPathRooted(target) || !(resolved + "/").StartsWith(root, StringComparison.Ordinal);
    }
}

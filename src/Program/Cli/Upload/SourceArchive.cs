using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Cli.Upload;

/// <summary>
/// A source folder as a gzipped tar in a temporary file, deleted on dispose. The same files give the same bytes, and so the same digest:
/// owners and times are left out, modes are
/// 0644 or 0755. Written and hashed as a stream; memory does not grow with the folder.
/// </summary>
internal sealed class SourceArchive : IAsyncDisposable
{
    private const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    // Not the epoch: zip-based tools and HTTP caches mistrust 1970.
    private static readonly DateTimeOffset FileTime = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private SourceArchive(FileStream content, string digest, int files, LeftOutFiles leftOut) =>
        (Content, Digest, Files, LeftOut) = (content, digest, files, leftOut);

    /// <summary>At its start, ready to be sent.</summary>
    public FileStream Content { get; }

    /// <summary><c>sha256:</c> and 64 hexadecimal digits.</summary>
    public string Digest { get; }
    public int Files { get; }

    /// <summary>What is in the folder and not in the archive.</summary>
    public LeftOutFiles LeftOut { get; }

    /// <summary>
    /// Links that lead out of the folder are left out: they would mean nothing elsewhere. So is what lies behind a link to a folder, which
    /// git's index can list as if it were in the folder; pipes, sockets and devices, which are never opened; and names that an archive
    /// cannot carry.
    /// </summary>
    public static async Task<Result<SourceArchive>> PackAsync(
        string folder, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var file = CreateTemporary();
        try
        {
            var leftOut = new LeftOutFiles();
            var files = await WriteAsync(file, folder, paths, leftOut, cancellationToken);
            file.Position = 0;
            var digest = Core.Digest.FromHash(await SHA256.HashDataAsync(file, cancellationToken)).ToString();
            file.Position = 0;
            return new SourceArchive(file, digest, files, leftOut);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await file.DisposeAsync();
            return UploadErrors.Unreadable(folder, e.Message);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => Content.DisposeAsync();

    /// <summary>Only this user may read it. Its name goes away at once, so that it is gone with the process, however that ends.</summary>
    private static FileStream CreateTemporary()
    {
        var path = Path.Combine(Path.GetTempPath(), $"strata-{Path.GetRandomFileName()}.tar.gz");
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 1 << 16,
            Options = FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        File.Delete(path);
        return file;
    }

    private static async Task<int> WriteAsync(
        FileStream file, string folder, IReadOnlyList<string> paths, LeftOutFiles leftOut, CancellationToken cancellationToken)
    {
        await using var gzip = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true);
        await using var tar = new TarWriter(gzip, TarEntryFormat.Gnu, leaveOpen: true);
        var files = 0;
        foreach (var path in paths)
        {
            if (WhyNot(folder, path) is { } why) leftOut.Add(path, why);
            else if (await WriteEntryAsync(tar, folder, path, cancellationToken)) files++;
        }
        return files;
    }

    /// <summary>Null: it can be packed.</summary>
    private static string? WhyNot(string folder, string path)
    {
        if (!LeftOutFiles.IsPortable(path)) return LeftOutFiles.ControlCharacters;
        if (UserFile.LinkAbove(folder, path) is not null) return LeftOutFiles.BehindLink;
        var info = new FileInfo(Path.Combine(folder, path));
        if (info.LinkTarget is not { } target) return info.Exists && !UserFile.IsRegular(info.FullName) ? LeftOutFiles.NotPlain : null;
        if (LeadsOut(folder, path, target)) return LeftOutFiles.LeadsOut;
        return LeftOutFiles.IsPortable(target) ? null : "a link to a name with control characters";
    }

    /// <summary>False: it is gone, such as a file that git still lists.</summary>
    private static async Task<bool> WriteEntryAsync(TarWriter tar, string folder, string path, CancellationToken cancellationToken)
    {
        var info = new FileInfo(Path.Combine(folder, path));
        if (info.LinkTarget is { } target)
        {
            await tar.WriteEntryAsync(
                new GnuTarEntry(TarEntryType.SymbolicLink, path) { LinkName = target, ModificationTime = FileTime }, cancellationToken);
            return true;
        }
        if (!info.Exists) return false;
        await using var content = UserFile.Open(folder, path) ?? throw new IOException($"{path} may not be read.");
        var mode = (File.GetUnixFileMode(content.SafeFileHandle) & Execute) != 0 ? Plain | Execute : Plain;
        var entry = new GnuTarEntry(TarEntryType.RegularFile, path) { Mode = mode, ModificationTime = FileTime,
            DataStream = content.Length == 0 ? null : content };
        await tar.WriteEntryAsync(entry, cancellationToken);
        return true;
    }

    private static bool LeadsOut(string folder, string path, string target)
    {
        var root = Path.GetFullPath(folder).TrimEnd('/') + "/";
        var resolved = Path.GetFullPath(Path.Combine(root, Path.GetDirectoryName(path)!, target));
        return Path.IsPathRooted(target) || !(resolved + "/").StartsWith(root, StringComparison.Ordinal);
    }
}

using System.Buffers;
using System.Security.Cryptography;
using Strata.Core;

namespace Strata.Blobs;

/// <summary>
/// For drivers: takes content to a file of this machine while it is hashed, and its size, the quota and the disk's reserve are checked, so
/// that the storage gets only what is whole and right. What a crash left in the folder is deleted by the next start. Safe for concurrent
/// use.
/// </summary>
public sealed class BlobSpool
{
    private const int BufferBytes = 128 * 1024;

    /// <summary>The free space is looked at once in so many bytes: 8 MiB.</summary>
    private const int LookBits = 23;
    private const int NoSpaceLeft = 28; // ENOSPC

    private readonly DiskReserve reserve;
    private readonly TimeProvider time;

    public BlobSpool(DiskReserve reserve, TimeProvider time) => (this.reserve, this.time) = (reserve, time);

    /// <param name="folder">On the disk of the reserve. Made if need be.</param>
    /// <param name="bytesMax">BLOB_TOO_LARGE past it.</param>
    /// <param name="sync">Whether it is durable on return.</param>
    public async Task<Result<SpooledBlob>> TakeAsync(
        string folder, Stream content, long bytesMax, BlobUsage.Room room, bool sync, CancellationToken cancellationToken)
    {
        if (reserve.IsShort) return reserve.Error;
        PrivateFiles.CreateFolder(folder);
        var path = Path.Combine(folder, Guid.CreateVersion7(time.GetUtcNow()).ToString("n"));
        var isKept = false;
        try
        {
            var written = await WriteAsync(path, content, bytesMax, room, sync, cancellationToken);
            isKept = written.IsOk;
            return written;
        }
        catch (IOException e) when ((e.HResult & 0xFFFF) == NoSpaceLeft)
        {
            return reserve.Error;
        }
        finally
        {
            if (!isKept) File.Delete(path);
        }
    }

    /// <summary>Deletes what a crash has left; not what another server that shares the folder is writing.</summary>
    public static void RemoveLeft(string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var file in Directory.EnumerateFiles(folder).Where(f => !IsBeingWritten(f))) File.Delete(file);
    }

    /// <summary>A writer holds its file open exclusively.</summary>
    private static bool IsBeingWritten(string file)
    {
        try
        {
            using var alone = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (FileNotFoundException)
        {
            return true; // it was moved to its place, or removed
        }
        catch (IOException)
        {
            return true;
        }
    }

    private async Task<Result<SpooledBlob>> WriteAsync(
        string path, Stream content, long bytesMax, BlobUsage.Room room, bool sync, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0,
            Options = FileOptions.Asynchronous,
            UnixCreateMode = PrivateFiles.FileMode,
        });
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                if (file.Position + read > bytesMax) return BlobErrors.TooLarge(bytesMax);
                if (file.Position >> LookBits != (file.Position + read) >> LookBits && reserve.IsShort) return reserve.Error;
                if (room.TryAdd(read) is { } full) return full;
                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        if (sync) file.Flush(flushToDisk: true);
        return new SpooledBlob(path, Digest.FromHash(hash.GetHashAndReset()), file.Position);
    }
}

/// <summary>Content in a file that is deleted on dispose, unless it was moved away.</summary>
public sealed record SpooledBlob(string Path, Digest Digest, long Bytes) : IDisposable
{
    public void Dispose() => File.Delete(Path);
}

using System.Buffers;
using System.Security.Cryptography;
using Strata.Core;

namespace Strata.Deployments.Blobs;

/// <summary>
/// Blobs as files: <c>ROOT/TENANT/sha256/ab/abcd…</c>, where TENANT is the organization's id. A blob is written to <c>ROOT/TENANT/tmp</c>,
/// synced, then renamed, so that a crash leaves at most a temporary file, which the next start removes.
/// </summary>
internal sealed class DiskBlobStore : IBlobStore
{
    public const long BytesMaxDefault = 1L << 30;
    private const int BufferBytes = 128 * 1024;

    /// <summary>The free space is looked at once in so many bytes: 8 MiB.</summary>
    private const int LookBits = 23;
    private const int NoSpaceLeft = 28; // ENOSPC
    private const string TemporaryFolder = "tmp";

    private readonly string root;
    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly DiskReserve reserve;
    private readonly BlobUsage usage;

    /// <param name="reserveBytes">Free space that must be left on the disk.</param>
    /// <param name="quotaBytes">Bytes of one organization's blobs; 0: half of the disk.</param>
    public DiskBlobStore(string root, TimeProvider time, long bytesMax = BytesMaxDefault, long reserveBytes = 0, long quotaBytes = 0)
    {
        (this.root, this.time, BytesMax, reserve) = (root, time, bytesMax, new DiskReserve(root, reserveBytes));
        Directory.CreateDirectory(root);
        usage = new BlobUsage(root, quotaBytes, tenant => List(tenant).Sum(blob => blob.Bytes));
        foreach (var tenant in Directory.EnumerateDirectories(root)) RemoveTemporaries(Path.Combine(tenant, TemporaryFolder));
    }

    public long BytesMax { get; }

    public async Task<Result<BlobInfo>> PutAsync(TenantId tenant, Digest? expected, Stream content, CancellationToken cancellationToken)
    {
        if (reserve.IsShort) return reserve.Error;
        var counted = new Counted(usage, tenant, expected is { } known && Find(tenant, known) is not null);
        var temporary = TemporaryFile(tenant);
        try
        {
            var written = await WriteAsync(temporary, content, counted, cancellationToken);
            if (!written.TryGet(out var digest, out var error)) return error;
            return expected is { } wanted && wanted != digest ? BlobErrors.Mismatch(wanted, digest) : Keep(tenant, temporary, digest, counted);
        }
        catch (IOException e) when ((e.HResult & 0xFFFF) == NoSpaceLeft)
        {
            return reserve.Error;
        }
        finally
        {
            File.Delete(temporary);
            counted.ReturnUnkept();
        }
    }

    public BlobInfo? Find(TenantId tenant, Digest digest)
    {
        var file = new FileInfo(PathOf(tenant, digest));
        return file.Exists ? new BlobInfo(digest, file.Length, file.LastWriteTimeUtc) : null;
    }

    public BlobInfo? Renew(TenantId tenant, Digest digest)
    {
        lock (gate)
        {
            if (Find(tenant, digest) is null) return null;
            File.SetLastWriteTimeUtc(PathOf(tenant, digest), time.GetUtcNow().UtcDateTime);
        }
        return Find(tenant, digest);
    }

    public FileStream? Open(TenantId tenant, Digest digest)
    {
        try
        {
            return new FileStream(PathOf(tenant, digest), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, BufferBytes, FileOptions.Asynchronous);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public IReadOnlyList<TenantId> Tenants() =>
        [.. Directory.EnumerateDirectories(root).Select(x => IdText.TryParse("org", Path.GetFileName(x), out var id) ? new TenantId(id) : default).Where(x => x != default)];

    public IEnumerable<BlobInfo> List(TenantId tenant)
    {
        var folder = Path.Combine(root, tenant.ToString(), "sha256");
        if (!Directory.Exists(folder)) yield break;
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            if (Digest.TryParse(Digest.Prefix + file.Name, out var digest)) yield return new BlobInfo(digest, file.Length, file.LastWriteTimeUtc);
        }
    }

    public bool Delete(TenantId tenant, Digest digest, DateTimeOffset putBefore)
    {
        lock (gate) // a put of the same blob in this moment would renew a file that is then gone
        {
            if (Find(tenant, digest) is not { } blob || blob.PutAt >= putBefore) return false;
            File.Delete(PathOf(tenant, digest));
            usage.Remove(tenant, blob.Bytes);
            return true;
        }
    }

    private async Task<Result<Digest>> WriteAsync(string path, Stream content, Counted counted, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0, FileOptions.Asynchronous);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                if (file.Position + read > BytesMax) return BlobErrors.TooLarge(BytesMax);
                if (file.Position >> LookBits != (file.Position + read) >> LookBits && reserve.IsShort) return reserve.Error;
                if (!counted.TryAdd(read)) return BlobErrors.QuotaExceeded(usage.Of(counted.Tenant) - counted.Bytes, usage.Max);
                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        file.Flush(flushToDisk: true);
        return Digest.FromHash(hash.GetHashAndReset());
    }

    private BlobInfo Keep(TenantId tenant, string temporary, Digest digest, Counted counted)
    {
        var path = PathOf(tenant, digest);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        lock (gate)
        {
            if (File.Exists(path)) File.SetLastWriteTimeUtc(path, time.GetUtcNow().UtcDateTime);
            else
            {
                File.Move(temporary, path);
                counted.Kept();
            }
        }
        return Find(tenant, digest)!;
    }

    /// <summary>The bytes of one put, counted as they are written.</summary>
    /// <param name="isThere">It is there already and costs no room: not counted, unless it is deleted in this moment.</param>
    private sealed class Counted(BlobUsage usage, TenantId tenant, bool isThere)
    {
        private bool isKept;

        public TenantId Tenant => tenant;

        public long Bytes { get; private set; }

        public bool TryAdd(int more)
        {
            if (!isThere && !usage.TryAdd(tenant, more)) return false;
            Bytes += more;
            return true;
        }

        public void Kept()
        {
            isKept = true;
            if (isThere) usage.Remove(tenant, -Bytes);
        }

        public void ReturnUnkept()
        {
            if (!isKept && !isThere) usage.Remove(tenant, Bytes);
        }
    }

    private string PathOf(TenantId tenant, Digest digest) => Path.Combine(root, tenant.ToString(), "sha256", digest.Hex[..2], digest.Hex);

    private string TemporaryFile(TenantId tenant)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, tenant.ToString(), TemporaryFolder));
        return Path.Combine(folder.FullName, Guid.CreateVersion7(time.GetUtcNow()).ToString("n"));
    }

    private static void RemoveTemporaries(string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var file in Directory.EnumerateFiles(folder)) File.Delete(file);
    }
}

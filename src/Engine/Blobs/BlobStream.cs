using Strata.Core;

namespace Strata.Blobs;

/// <summary>
/// A blob as a seekable stream that only reads asynchronously. A stream of the storage that breaks, stalls or ends early is opened again
/// where it stopped, a few times in a row at most. Not safe for concurrent use.
/// </summary>
public sealed class BlobStream : Stream
{
    private const int TriesMax = 3;

    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(30);

    private readonly IBlobStore store;
    private readonly TenantId tenant;
    private Stream? source;
    private long sourcePosition;
    private long position;

    private BlobStream(IBlobStore store, TenantId tenant, BlobContent content) =>
        (this.store, this.tenant, Info, source) = (store, tenant, content.Info, content.Stream);

    public BlobInfo Info { get; }

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => Info.Bytes;

    public override long Position
    {
        get => position;
        set => position = value is >= 0 && value <= Length ? value : throw new ArgumentOutOfRangeException(nameof(value));
    }

    /// <returns>BLOB_NOT_FOUND.</returns>
    public static async Task<Result<BlobStream>> OpenAsync(
        IBlobStore store, TenantId tenant, Digest digest, CancellationToken cancellationToken) =>
        (await store.GetAsync(tenant, digest, 0, cancellationToken)).Then<BlobStream>(content => new BlobStream(store, tenant, content));

    /// <summary>The whole of a small blob; null where it is larger than <paramref name="bytesMax"/>.</summary>
    public static async Task<Result<byte[]?>> ReadAsync(
        IBlobStore store, TenantId tenant, Digest digest, int bytesMax, CancellationToken cancellationToken)
    {
        if (!(await OpenAsync(store, tenant, digest, cancellationToken)).TryGet(out var reader, out var error)) return error;
        await using (reader)
        {
            if (reader.Length > bytesMax) return default(byte[]?);
            var bytes = new byte[reader.Length];
            await reader.ReadExactlyAsync(bytes, cancellationToken);
            return bytes;
        }
    }

    /// <exception cref="StrataException">BLOBS_UNAVAILABLE: it broke and could not be continued. BLOB_NOT_FOUND: it was deleted
    /// meanwhile.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (position >= Length || buffer.Length == 0) return 0;
        for (var tries = 1; ; tries++)
        {
            try
            {
                var read = await ReadOnceAsync(buffer, cancellationToken);
                if (read == 0) throw new EndOfStreamException("it ended early");
                position += read;
                sourcePosition = position;
                return read;
            }
            catch (Exception e)
                when (e is IOException or HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                await CloseAsync();
                if (tries == TriesMax)
                    throw BlobErrors.Unavailable(store.Description, $"a download broke {TriesMax} times: {e.Message.TrimEnd('.')}")
                        .ToException();
            }
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A blob is read asynchronously.");

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await CloseAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) source?.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadOnceAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (source is not null && sourcePosition != position)
        {
            if (source.CanSeek) source.Position = sourcePosition = position;
            else await CloseAsync();
        }
        if (source is null)
        {
            if (!(await store.GetAsync(tenant, Info.Digest, position, cancellationToken)).TryGet(out var content, out var error))
                throw error.ToException();
            (source, sourcePosition) = (content.Stream, position);
        }
        if (source.CanSeek) return await source.ReadAsync(buffer, cancellationToken); // a file: never silent
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(SilenceMax);
        return await source.ReadAsync(buffer, timer.Token);
    }

    private async ValueTask CloseAsync()
    {
        if (source is not { } old) return;
        source = null;
        await old.DisposeAsync();
    }
}

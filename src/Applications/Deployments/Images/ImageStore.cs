using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Strata.Blobs;
using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Deployments.Images;

/// <summary>
/// Images as OCI blobs: a manifest, a configuration and one layer. The manifest's digest is the image's. The same folder always gives the
/// same image.
/// </summary>
internal sealed class ImageStore(IBlobStore blobs)
{
    private const int ManifestBytesMax = 1 << 20;

    /// <summary>Packs a folder and stores the image.</summary>
    public async Task<Result<StoredImage>> PackAsync(TenantId tenant, ImageContent content, CancellationToken cancellationToken)
    {
        var layer = await StoreLayerAsync(tenant, content, cancellationToken);
        if (!layer.TryGet(out var stored, out var error)) return error;
        return await StoreAsync(tenant, stored.Blob, stored.DiffId, content.Run, cancellationToken);
    }

    /// <summary>
    /// An image's manifest as it was put: anyone may upload any JSON as a blob. Null if it does not exist, or is not a manifest.
    /// </summary>
    public async Task<Result<OciManifest?>> ReadManifestAsync(TenantId tenant, Digest image, CancellationToken cancellationToken)
    {
        var read = await BlobStream.ReadAsync(blobs, tenant, image, ManifestBytesMax, cancellationToken);
        if (!read.TryGet(out var bytes, out var error)) return error.Kind == ErrorKind.NotFound ? default(OciManifest?) : error;
        try
        {
            return bytes is null ? null : OciImage.Read<OciManifest>(bytes);
        }
        catch (System.Text.Json.JsonException)
        {
            return default(OciManifest?);
        }
    }

    /// <summary>Every blob of an image, itself included; only itself if it does not exist or is not an image.</summary>
    /// <returns>An error if the storage does not respond: then it is unknown which blobs the image needs.</returns>
    public async Task<Result<IReadOnlyList<Digest>>> BlobsOfAsync(TenantId tenant, Digest image, CancellationToken cancellationToken)
    {
        if (!(await ReadManifestAsync(tenant, image, cancellationToken)).TryGet(out var manifest, out var error)) return error;
        return Result.Of<IReadOnlyList<Digest>>([image, .. PartsOf(manifest)]);
    }

    /// <summary>What a manifest names that has a digest.</summary>
    public static IEnumerable<Digest> PartsOf(OciManifest? manifest) =>
        (manifest?.Layers ?? []).Append(manifest?.Config).OfType<OciDescriptor>()
        .Select(x => Digest.TryParse(x.Digest, out var digest) ? digest : default).Where(x => x != default);

    private async Task<Result<StoredImage>> StoreAsync(
        TenantId tenant, BlobInfo layer, Digest diffId, OciRun run, CancellationToken cancellationToken)
    {
        var config = new OciConfig { Architecture = Architecture, Config = run, Rootfs = new OciRootFs("layers", [diffId.ToString()]) };
        if (!(await PutAsync(tenant, OciImage.ToBytes(config), cancellationToken)).TryGet(out var configBlob, out var error)) return error;
        var manifest = new OciManifest
        {
            Config = Describe(OciImage.ConfigType, configBlob),
            Layers = [Describe(OciImage.LayerType, layer)],
            Annotations = run.Labels,
        };
        if (!(await PutAsync(tenant, OciImage.ToBytes(manifest), cancellationToken)).TryGet(out var manifestBlob, out error)) return error;
        return new StoredImage(manifestBlob.Digest, layer.Bytes + configBlob.Bytes + manifestBlob.Bytes);
    }

    /// <summary>
    /// The writer and the store run concurrently through a pipe, so that a layer is never entirely in memory nor twice on disk.
    /// </summary>
    private async Task<Result<StoredLayer>> StoreLayerAsync(TenantId tenant, ImageContent content, CancellationToken cancellationToken)
    {
        var pipe = new Pipe();
        var writing = WriteLayerAsync(content, pipe.Writer, cancellationToken);
        var stored = await StoreFromAsync(tenant, pipe.Reader, cancellationToken);
        var written = await writing;
        if (!written.TryGet(out var diffId, out var fault)) return fault;
        return stored.Then<StoredLayer>(x => new StoredLayer(x, diffId));
    }

    private async Task<Result<BlobInfo>> StoreFromAsync(TenantId tenant, PipeReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await blobs.PutAsync(tenant, null, reader.AsStream(leaveOpen: true), cancellationToken);
        }
        catch (LayerAbandonedException)
        {
            return SourceErrors.NoSource(); // the writer's own error is reported instead
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static async Task<Result<Digest>> WriteLayerAsync(ImageContent content, PipeWriter target, CancellationToken cancellationToken)
    {
        Exception? abandon = new LayerAbandonedException();
        try
        {
            await using var hash = new HashingStream();
            await using (var gzip = new GZipStream(target.AsStream(leaveOpen: true), CompressionLevel.Fastest))
            {
                hash.Target = gzip;
                var written = await content.WriteAsync(hash, cancellationToken);
                if (!written.IsOk) return written.Error;
            }
            abandon = null;
            return hash.Digest();
        }
        finally
        {
            await target.CompleteAsync(abandon);
        }
    }

    private Task<Result<BlobInfo>> PutAsync(TenantId tenant, byte[] content, CancellationToken cancellationToken) =>
        blobs.PutAsync(tenant, Digest.Of(content), new MemoryStream(content), cancellationToken);

    private static OciDescriptor Describe(string type, BlobInfo blob) => new(type, blob.Digest.ToString(), blob.Bytes);

    private static string Architecture =>
        RuntimeInformation.ProcessArchitecture switch { System.Runtime.InteropServices.Architecture.X64 => "amd64", var other =>
            other.ToString().ToLowerInvariant() };

    private sealed record StoredLayer(BlobInfo Blob, Digest DiffId);

    private sealed class LayerAbandonedException : Exception;
}

/// <summary>What goes into an image.</summary>
/// <param name="WriteAsync">Writes the layer's plain tar.</param>
/// <param name="Run">How it runs, with its labels.</param>
internal sealed record ImageContent(Func<Stream, CancellationToken, Task<Result<Done>>> WriteAsync, OciRun Run);

/// <param name="Bytes">Of all its blobs, compressed.</param>
internal sealed record StoredImage(Digest Digest, long Bytes);

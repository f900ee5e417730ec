using System.Text;
using Strata.Core;
using Strata.Blobs;
using Strata.Blobs.Disk;
using Strata.Deployments.Images;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Images;

public sealed class ImageStoreTests : IDisposable
{
    private static readonly TenantId Tenant = new(Guid.Parse("01890000-0000-7000-8000-000000000001"));

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    /// <summary>Anyone may upload any JSON as an image's manifest; the sweeper of blobs reads all of them.</summary>
    [Theory]
    [InlineData("null")]
    [InlineData("""{"config":null,"layers":null}""")]
    [InlineData("""{"config":null,"layers":[null]}""")]
    [InlineData("""{"config":{"mediaType":"","digest":null,"size":0},"layers":[null,{"mediaType":"","digest":null,"size":0}]}""")]
    public async Task BlobsOfAsync_AManifestWithNulls_IsTheManifestAlone(string manifest)
    {
        var blobs = DiskBlobs.Open(folder.Path, new BlobLimits(), TimeProvider.System);
        var put = (await blobs.PutAsync(Tenant, null, new MemoryStream(Encoding.UTF8.GetBytes(manifest)), default)).Value;
        Assert.Equal([put.Digest], (await new ImageStore(blobs).BlobsOfAsync(Tenant, put.Digest, default)).Value);
    }
}

using Strata.Core;

namespace Strata.Blobs.Tests;

/// <summary>Uploads in parts, which every driver offers.</summary>
public abstract class BlobUploadsContract : BlobStoreContract
{
    private const int Part = BlobLimits.PartBytesMin;

    [Fact]
    public async Task Complete_OfPartsInAnyOrderOnTwoServers_IsTheBlob()
    {
        var content = Seeded.Bytes((2 * Part) + 1000, 2);
        var (one, two) = (Open().Uploads, Open().Uploads);
        var upload = (await one.StartAsync(Tenant, Stop)).Value;
        Assert.Equal(1000, (await one.PutPartAsync(Tenant, upload, 3, Bytes(content, 2 * Part, 1000), Stop)).Value.Bytes);
        await two.PutPartAsync(Tenant, upload, 2, Bytes(content, 0, Part), Stop); // wrong, and sent again
        await two.PutPartAsync(Tenant, upload, 2, Bytes(content, Part, Part), Stop);
        Assert.Equal([2, 3], (await one.ListPartsAsync(Tenant, upload, Stop)).Value.Select(p => p.Number)); // so part 1 is missing
        await one.PutPartAsync(Tenant, upload, 1, Bytes(content, 0, Part), Stop);
        Assert.Empty(await AllAsync(Open()));
        var blob = (await two.CompleteAsync(Tenant, upload, Digest.Of(content), Stop)).Value;
        Assert.Equal(content.Length, blob.Bytes);
        Assert.Equal("UPLOAD_NOT_FOUND", (await one.ListPartsAsync(Tenant, upload, Stop)).Error?.Code);
        Assert.Equal(Digest.Of(content), Digest.Of(await ReadAsync(Open(), blob.Digest)));
        Assert.Equal([blob.Digest], (await AllAsync(Open())).Select(b => b.Digest));
    }

    [Fact]
    public async Task Complete_OtherDigest_EndsTheUpload()
    {
        var uploads = Open().Uploads;
        var upload = (await uploads.StartAsync(Tenant, Stop)).Value;
        await uploads.PutPartAsync(Tenant, upload, 1, new MemoryStream(Content), Stop);
        Assert.Equal("DIGEST_MISMATCH", (await uploads.CompleteAsync(Tenant, upload, Digest.Of([1]), Stop)).Error?.Code);
        Assert.Equal("UPLOAD_NOT_FOUND", (await uploads.CompleteAsync(Tenant, upload, Digest.Of(Content), Stop)).Error?.Code);
        Assert.Empty(await AllAsync(Open()));
    }

    [Fact]
    public async Task Part_ThatBreaksTheRules_IsRefused()
    {
        var uploads = Open(new BlobLimits { QuotaBytes = 10_000_000, BytesMax = 9_000_000 }).Uploads;
        var upload = (await uploads.StartAsync(Tenant, Stop)).Value;
        Assert.Equal("INVALID_PART", (await uploads.CompleteAsync(Tenant, upload, Digest.Of([]), Stop)).Error?.Code);
        Assert.Equal("INVALID_PART", (await uploads.PutPartAsync(Tenant, upload, 0, Bytes(Content, 0, 10), Stop)).Error?.Code);
        Assert.True((await uploads.PutPartAsync(Tenant, upload, 1, Bytes(Content, 0, 10), Stop)).IsOk);
        Assert.True((await uploads.PutPartAsync(Tenant, upload, 2, Bytes(Content, 0, 10), Stop)).IsOk);
        // the first is too small
        Assert.Equal("INVALID_PART", (await uploads.CompleteAsync(Tenant, upload, Digest.Of(Content), Stop)).Error?.Code);
        Assert.Equal(
            "BLOB_TOO_LARGE", (await uploads.PutPartAsync(Tenant, upload, 1, new MemoryStream(new byte[9_000_000]), Stop)).Error?.Code);
        Assert.Equal(
            "QUOTA_EXCEEDED", (await uploads.PutPartAsync(Tenant, upload, 1, new MemoryStream(new byte[11_000_000]), Stop)).Error?.Code);
        Assert.Equal(2, (await uploads.ListPartsAsync(Tenant, upload, Stop)).Value.Count);
    }

    [Fact]
    public async Task Upload_AbortedOrOfAnotherOrganizationOrUnknown_IsNotFound()
    {
        var uploads = Open().Uploads;
        var upload = (await uploads.StartAsync(Tenant, Stop)).Value;
        Assert.Equal("UPLOAD_NOT_FOUND", (await uploads.PutPartAsync(Other, upload, 1, new MemoryStream(Content), Stop)).Error?.Code);
        Assert.True((await uploads.AbortAsync(Other, upload, Stop)).IsOk);
        Assert.True((await uploads.PutPartAsync(Tenant, upload, 1, new MemoryStream(Content), Stop)).IsOk);
        for (var i = 0; i < 2; i++) Assert.True((await uploads.AbortAsync(Tenant, upload, Stop)).IsOk);
        foreach (var unknown in (string[])[upload.Value, "", "..", "../../x", "x.y", Guid.Empty.ToString("n") + ".eA"])
            Assert.Equal(
                "UPLOAD_NOT_FOUND",
                (await uploads.PutPartAsync(Tenant, new UploadId(unknown), 1, new MemoryStream(Content), Stop)).Error?.Code);
    }

    [Fact]
    public async Task RemoveExpired_RemovesUploadsOfADayAgo_AndKeepsOthersAndBlobs()
    {
        var store = Open();
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        var upload = (await store.Uploads.StartAsync(Tenant, Stop)).Value;
        await store.Uploads.PutPartAsync(Tenant, upload, 1, new MemoryStream(Content), Stop);
        Assert.True((await store.Uploads.RemoveExpiredAsync(Tenant, Stop)).IsOk);
        Assert.Single((await store.Uploads.ListPartsAsync(Tenant, upload, Stop)).Value);
        var (later, other) = (Open(ahead: TimeSpan.FromHours(50)).Uploads, Open(ahead: TimeSpan.FromHours(50)).Uploads);
        var removed = await Task.WhenAll(later.RemoveExpiredAsync(Tenant, Stop), other.RemoveExpiredAsync(Tenant, Stop));
        Assert.All(removed, r => Assert.True(r.IsOk));
        Assert.Equal("UPLOAD_NOT_FOUND", (await store.Uploads.ListPartsAsync(Tenant, upload, Stop)).Error?.Code);
        Assert.Equal(Content, await ReadAsync(store, blob.Digest));
    }

    [Fact]
    public async Task Start_OfTooMany_IsRefused()
    {
        var uploads = Open().Uploads;
        for (var i = 0; i < BlobLimits.UploadsMax; i++) Assert.True((await uploads.StartAsync(Tenant, Stop)).IsOk);
        Assert.Equal("UPLOADS_EXHAUSTED", (await uploads.StartAsync(Tenant, Stop)).Error?.Code);
        Assert.True((await uploads.StartAsync(Other, Stop)).IsOk);
    }

    private static MemoryStream Bytes(byte[] content, int start, int count) => new(content, start, count);
}

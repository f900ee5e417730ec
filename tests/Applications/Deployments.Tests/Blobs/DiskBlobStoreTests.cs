using Strata.Core;
using Strata.Deployments.Blobs;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Blobs;

public sealed class DiskBlobStoreTests : IDisposable
{
    private static readonly TenantId Tenant = new(Guid.Parse("01890000-0000-7000-8000-000000000001"));
    private static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(x => (byte)x)];

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    private DiskBlobStore Store(long bytesMax = 1 << 20) => new(folder.Path, TimeProvider.System, bytesMax);

    private string[] Files() => Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories);

    [Fact]
    public async Task Put_Content_IsFoundByItsDigest()
    {
        var store = Store();
        var put = (await store.PutAsync(Tenant, Digest.Of(Content), new MemoryStream(Content), default)).Value;
        Assert.Equal(Content.Length, put.Bytes);
        await using var read = store.Open(Tenant, put.Digest)!;
        var copy = new MemoryStream();
        await read.CopyToAsync(copy, TestContext.Current.CancellationToken);
        Assert.Equal(Content, copy.ToArray());
        Assert.Null(store.Find(TenantId.Platform, put.Digest));
        Assert.Equal([Tenant], store.Tenants());
    }

    [Fact]
    public async Task Put_OnADiskThatIsNearlyFull_IsRefusedAndLeavesNothing()
    {
        var store = new DiskBlobStore(folder.Path, TimeProvider.System, reserveBytes: long.MaxValue);
        var error = (await store.PutAsync(Tenant, null, new MemoryStream(Content), default)).Error!;
        Assert.Equal(("INSUFFICIENT_STORAGE", 507), (error.Code, ErrorStatus.Of(error.Kind)));
        Assert.NotNull(error.NextStep);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Put_BeyondTheOrganizationsQuota_IsRefused_AndAnotherOrganizationStillPuts()
    {
        var other = new TenantId(Guid.Parse("01890000-0000-7000-8000-000000000002"));
        for (var start = 0; start < 2; start++)
        {
            var store = new DiskBlobStore(folder.Path, TimeProvider.System, quotaBytes: 500_000); // again, with what is there
            var first = (await store.PutAsync(Tenant, Digest.Of(Content), new MemoryStream(Content), default)).Value; // costs room once
            var refused = (await store.PutAsync(Tenant, null, new MemoryStream(new byte[300_000]), default)).Error!;
            Assert.Equal(("QUOTA_EXCEEDED", 507, "500000"), (refused.Code, ErrorStatus.Of(refused.Kind), refused.Details!["limit"]));
            Assert.True((await store.PutAsync(other, null, new MemoryStream(new byte[start == 0 ? 300_000 : 100_000]), default)).IsOk);
            if (start == 0) continue;
            Assert.True(store.Delete(Tenant, first.Digest, TimeProvider.System.GetUtcNow().AddDays(1)));
            Assert.True((await store.PutAsync(Tenant, null, new MemoryStream(new byte[300_000]), default)).IsOk);
        }
    }

    [Fact]
    public async Task Put_Twice_KeepsOne()
    {
        var store = Store();
        for (var i = 0; i < 2; i++) await store.PutAsync(Tenant, null, new MemoryStream(Content), default);
        Assert.Single(Files());
        Assert.Single(store.List(Tenant));
    }

    [Fact]
    public async Task Put_AtOnceByMany_KeepsOne()
    {
        var store = Store();
        var puts = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => store.PutAsync(Tenant, null, new MemoryStream(Content), default)));
        Assert.All(puts, x => Assert.True(x.IsOk));
        Assert.Single(Files());
    }

    [Fact]
    public async Task Put_OtherDigest_KeepsNothing()
    {
        var put = await Store().PutAsync(Tenant, Digest.Of([1]), new MemoryStream(Content), default);
        Assert.Equal("DIGEST_MISMATCH", put.Error!.Code);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Put_TooLarge_KeepsNothing()
    {
        var put = await Store(bytesMax: 1000).PutAsync(Tenant, null, new MemoryStream(Content), default);
        Assert.Equal("BLOB_TOO_LARGE", put.Error!.Code);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Put_StreamBreaks_KeepsNothing()
    {
        await Assert.ThrowsAsync<IOException>(() => Store().PutAsync(Tenant, null, new BrokenStream(), default));
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Start_AfterACrash_RemovesTemporaries()
    {
        await Store().PutAsync(Tenant, null, new MemoryStream(Content), default);
        File.WriteAllText(Path.Combine(folder.Path, Tenant.ToString(), "tmp", "left"), "half");
        Store();
        Assert.Single(Files());
    }

    [Fact]
    public async Task Delete_PutAgainMeanwhile_Stays()
    {
        var store = Store();
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(Content), default)).Value;
        Assert.False(store.Delete(Tenant, blob.Digest, blob.PutAt));
        Assert.True(store.Delete(Tenant, blob.Digest, blob.PutAt.AddSeconds(1)));
        Assert.Null(store.Find(Tenant, blob.Digest));
    }

    [Theory]
    [InlineData("")]
    [InlineData("sha256:")]
    [InlineData("sha256:ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789")]
    [InlineData("sha256:../../../../etc/passwd0123456789abcdef0123456789abcdef0123456789")]
    [InlineData("md5:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public void TryParse_NoDigest_IsRefused(string text) => Assert.False(Digest.TryParse(text, out _));

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("The line is dead.");
    }
}

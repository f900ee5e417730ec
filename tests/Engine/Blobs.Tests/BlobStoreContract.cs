using System.Security.Cryptography;
using Strata.Core;

namespace Strata.Blobs.Tests;

/// <summary>What every driver keeps to. Each test has a storage of its own.</summary>
public abstract class BlobStoreContract : IAsyncLifetime
{
    protected static readonly TenantId Tenant = new(Guid.Parse("01890000-0000-7000-8000-000000000001"));
    protected static readonly TenantId Other = new(Guid.Parse("01890000-0000-7000-8000-000000000002"));
    protected static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(x => (byte)x)];
    private const string Project = "prj_01h455vb4pex5vsknk084sn02q";

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A store on this test's storage. Called again: another server, or the same one after a restart.</summary>
    protected abstract IBlobStore Open(BlobLimits? limits = null, TimeSpan ahead = default);

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    protected static DateTimeOffset In(double hours) => TimeProvider.System.GetUtcNow().AddHours(hours);

    protected static async Task<byte[]> ReadAsync(IBlobStore store, Digest digest)
    {
        await using var reader = (await BlobStream.OpenAsync(store, Tenant, digest, Stop)).Value;
        using var copy = new MemoryStream();
        await reader.CopyToAsync(copy, Stop);
        return copy.ToArray();
    }

    protected static async Task<List<BlobInfo>> AllAsync(IBlobStore store)
    {
        var all = new List<BlobInfo>();
        await foreach (var blob in store.AllAsync(Tenant, Stop)) all.Add(blob);
        return all;
    }

    [Fact]
    public async Task Put_Content_IsFoundByItsDigest()
    {
        var store = Open();
        var put = (await store.PutAsync(Tenant, Digest.Of(Content), new MemoryStream(Content), Stop)).Value;
        Assert.Equal((Digest.Of(Content), Content.Length), (put.Digest, put.Bytes));
        Assert.Equal(Content.Length, (await store.HeadAsync(Tenant, put.Digest, Stop)).Value.Bytes);
        Assert.Equal(Content, await ReadAsync(store, put.Digest));
        Assert.Equal("BLOB_NOT_FOUND", (await store.HeadAsync(Other, put.Digest, Stop)).Error?.Code);
        Assert.Equal("BLOB_NOT_FOUND", (await store.GetAsync(Other, put.Digest, 0, Stop)).Error?.Code);
        Assert.Equal("BLOB_NOT_FOUND", (await store.RenewAsync(Other, put.Digest, Stop)).Error?.Code);
    }

    [Fact]
    public async Task Put_LargeContentOfUnknownDigest_IsKeptWhole()
    {
        var content = Seeded.Bytes(35 << 20, 1);
        var put = (await Open().PutAsync(Tenant, null, new MemoryStream(content), Stop)).Value;
        Assert.Equal(Digest.Of(content), put.Digest);
        Assert.Equal(Digest.Of(content), Digest.Of(await ReadAsync(Open(), put.Digest)));
    }

    [Fact]
    public async Task Put_NoBytes_IsABlobToo()
    {
        var put = (await Open().PutAsync(Tenant, null, Stream.Null, Stop)).Value;
        Assert.Empty(await ReadAsync(Open(), put.Digest));
    }

    [Fact]
    public async Task Get_FromAnOffset_IsTheRest_AndAReaderSeeks()
    {
        var store = Open();
        var put = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        await using (var rest = (await store.GetAsync(Tenant, put.Digest, 299_990, Stop)).Value)
        {
            Assert.Equal(Content.Length, rest.Info.Bytes);
            var bytes = new byte[11];
            Assert.Equal(10, await rest.Stream.ReadAtLeastAsync(bytes, 11, false, Stop));
            Assert.Equal(Content[^10..], bytes[..10]);
        }
        await using var reader = (await BlobStream.OpenAsync(store, Tenant, put.Digest, Stop)).Value;
        var part = new byte[1000];
        foreach (var start in (int[])[250_000, 7, 299_000])
        {
            reader.Seek(start, SeekOrigin.Begin);
            await reader.ReadExactlyAsync(part, Stop);
            Assert.Equal(Content[start..(start + 1000)], part);
        }
        Assert.Equal(0, await reader.ReadAsync(part, Stop));
    }

    [Fact]
    public async Task Put_ByManyAtOnce_KeepsOne()
    {
        IBlobStore[] servers = SharesStorage ? [Open(), Open()] : [Open()];
        var puts = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => servers[i % servers.Length].PutAsync(Tenant, null, new MemoryStream(Content), Stop)));
        Assert.All(puts, put => Assert.True(put.IsOk));
        Assert.Single(await AllAsync(servers[0]));
        Assert.Equal(Content, await ReadAsync(servers[0], puts[0].Value.Digest));
    }

    [Fact]
    public async Task Put_OtherDigestOrTooLargeOrBroken_KeepsAndCountsNothing()
    {
        var store = Open(new BlobLimits { BytesMax = 400_000, QuotaBytes = 310_000 });
        Assert.Equal("DIGEST_MISMATCH", (await store.PutAsync(Tenant, Digest.Of([1]), new MemoryStream(Content), Stop)).Error?.Code);
        Assert.Equal(
            "BLOB_TOO_LARGE",
            (await Open(new BlobLimits { BytesMax = 1000 }).PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Error?.Code);
        await Assert.ThrowsAsync<IOException>(() => store.PutAsync(Tenant, null, new BrokenStream(), Stop));
        Assert.Empty(await AllAsync(store));
        Assert.True((await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).IsOk); // the whole quota is still there
    }

    [Fact]
    public async Task Put_OnADiskThatIsNearlyFull_Is507AndLeavesNothing()
    {
        var store = Open(new BlobLimits { ReserveBytes = long.MaxValue });
        var error = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Error!;
        Assert.Equal(("INSUFFICIENT_STORAGE", 507), (error.Code, ErrorStatus.Of(error.Kind)));
        Assert.NotNull(error.NextStep);
        Assert.Empty(await AllAsync(store));
    }

    [Fact]
    public async Task Put_BeyondTheOrganizationsQuota_Is507_AndAnotherOrganizationStillPuts()
    {
        for (var start = 0; start < 2; start++)
        {
            var store = Open(new BlobLimits { QuotaBytes = 500_000 }); // the second time with what is there
            // costs room once
            for (var i = 0; i < 2; i++)
                Assert.True((await store.PutAsync(Tenant, Digest.Of(Content), new MemoryStream(Content), Stop)).IsOk);
            var refused = (await store.PutAsync(Tenant, null, new MemoryStream(new byte[300_000]), Stop)).Error!;
            Assert.Equal(("QUOTA_EXCEEDED", 507, "500000"), (refused.Code, ErrorStatus.Of(refused.Kind), refused.Details!["limit"]));
            Assert.True((await store.PutAsync(Other, Digest.Of(new byte[300_000]), new MemoryStream(new byte[300_000]), Stop)).IsOk);
            if (start == 0) continue;
            Assert.True((await store.DeleteAsync(Tenant, Digest.Of(Content), In(hours: 1), Stop)).Value);
            Assert.True((await store.PutAsync(Tenant, null, new MemoryStream(new byte[300_000]), Stop)).IsOk);
        }
    }

    [Fact]
    public async Task Delete_PutOrRenewedSince_Stays()
    {
        var store = Open();
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        Assert.False((await store.DeleteAsync(Tenant, blob.Digest, In(hours: -1), Stop)).Value);
        Assert.True((await Open(ahead: TimeSpan.FromHours(2)).RenewAsync(Tenant, blob.Digest, Stop)).IsOk);
        Assert.False((await store.DeleteAsync(Tenant, blob.Digest, In(hours: 1), Stop)).Value);
        Assert.True((await store.DeleteAsync(Tenant, blob.Digest, In(hours: 3), Stop)).Value);
        Assert.False((await store.DeleteAsync(Tenant, blob.Digest, In(hours: 3), Stop)).Value);
        Assert.Empty(await AllAsync(store));
        Assert.Equal("BLOB_NOT_FOUND", (await store.HeadAsync(Tenant, blob.Digest, Stop)).Error?.Code);
    }

    [Fact]
    public async Task Delete_WhileItIsPutAgain_NeverLosesWhatWasPut()
    {
        var deleting = Open();
        var putting = SharesStorage ? Open(ahead: TimeSpan.FromHours(2)) : deleting;
        for (var round = 0; round < 6; round++)
        {
            var content = Seeded.Bytes(1000, round);
            var old = (await deleting.PutAsync(Tenant, null, new MemoryStream(content), Stop)).Value;
            var before = SharesStorage ? In(hours: 1) : old.PutAt.AddTicks(1);
            var deletions = Enumerable.Range(0, 2).Select(_ => deleting.DeleteAsync(Tenant, old.Digest, before, Stop)).ToList();
            var put = await putting.PutAsync(Tenant, old.Digest, new MemoryStream(content), Stop);
            foreach (var deletion in deletions) Assert.True((await deletion).IsOk);
            Assert.True(put.IsOk);
            if (SharesStorage) Assert.Equal(content, await ReadAsync(putting, old.Digest));
        }
    }

    [Fact]
    public async Task List_InPages_ShowsEachBlobOnce_AndEachOrganization()
    {
        var store = Open();
        var digests = new List<string>();
        for (var i = 0; i < 5; i++) digests.Add((await store.PutAsync(Tenant, null, new MemoryStream([(byte)i]), Stop)).Value.Digest.Hex);
        await store.PutAsync(Other, null, new MemoryStream([9]), Stop);
        var pages = new List<IReadOnlyList<BlobInfo>>();
        string? after = null;
        do
        {
            var page = (await store.ListAsync(Tenant, after, 2, Stop)).Value;
            pages.Add(page.Items);
            after = page.Next;
        }
        while (after is not null);
        Assert.Equal([2, 2, 1], pages.Select(p => p.Count));
        Assert.Equal(digests.Order(StringComparer.Ordinal), pages.SelectMany(p => p).Select(b => b.Digest.Hex));
        var first = (await store.ListTenantsAsync(null, 1, Stop)).Value;
        Assert.Equal([Tenant], first.Items);
        var second = (await store.ListTenantsAsync(first.Next, 1, Stop)).Value;
        Assert.Equal([Other], second.Items);
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task Grant_IsOfOneProject_AndGoesWithTheBlob()
    {
        var store = Open();
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        Assert.False((await store.IsGrantedAsync(Tenant, blob.Digest, Project, Stop)).Value);
        Assert.True((await store.GrantAsync(Tenant, blob.Digest, Project, Stop)).IsOk);
        Assert.True((await store.IsGrantedAsync(Tenant, blob.Digest, Project, Stop)).Value);
        Assert.False((await store.IsGrantedAsync(Other, blob.Digest, Project, Stop)).Value);
        Assert.True((await store.DeleteAsync(Tenant, blob.Digest, In(hours: 1), Stop)).Value);
        Assert.False((await store.IsGrantedAsync(Tenant, blob.Digest, Project, Stop)).Value);
        await Assert.ThrowsAsync<ArgumentException>(() => store.IsGrantedAsync(Tenant, blob.Digest, "../x", Stop));
    }

    [Fact]
    public async Task Check_OfAStorageThatWorks_IsOk() => Assert.True((await Open().CheckAsync(Stop)).IsOk);

    /// <summary>Whether two stores may use the storage at the same time.</summary>
    protected abstract bool SharesStorage { get; }

    private sealed class BrokenStream : MemoryStream
    {
        private int reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            reads++ < 2 ? ValueTask.FromResult(Math.Min(buffer.Length, 1000)) : throw new IOException("The line is dead.");
    }
}

using Strata.Blobs.Disk;

namespace Strata.Blobs.Tests;

public sealed class DiskBlobStoreTests : BlobUploadsContract
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-test-").FullName;

    protected override bool SharesStorage => false;

    protected override IBlobStore Open(BlobLimits? limits = null, TimeSpan ahead = default) => DiskBlobs.Open(folder, limits ?? new BlobLimits(), new ShiftedTime(ahead));

    public override ValueTask DisposeAsync()
    {
        Folder.Delete(folder);
        return base.DisposeAsync();
    }

    private string[] Files() => Directory.GetFiles(folder, "*", SearchOption.AllDirectories);

    [Fact]
    public async Task Put_ThatFailed_LeavesNoFile()
    {
        await Open().PutAsync(Tenant, Core.Digest.Of([1]), new MemoryStream(Content), Stop);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Open_AfterACrash_RemovesTemporaries()
    {
        await Open().PutAsync(Tenant, null, new MemoryStream(Content), Stop);
        await File.WriteAllTextAsync(Path.Combine(folder, Tenant.ToString(), "tmp", "left"), "half", Stop);
        Open();
        Assert.Single(Files());
    }

    [Fact]
    public async Task Get_DeletedMeanwhile_IsReadToTheEnd()
    {
        var store = Open();
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        await using var reader = (await BlobStream.OpenAsync(store, Tenant, blob.Digest, Stop)).Value;
        Assert.True((await store.DeleteAsync(Tenant, blob.Digest, In(hours: 1), Stop)).Value);
        var read = new byte[Content.Length];
        await reader.ReadExactlyAsync(read, Stop);
        Assert.Equal(Content, read);
    }
}

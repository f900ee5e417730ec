using Strata.Blobs.Disk;
using Strata.Core;

namespace Strata.Blobs.Tests;

public sealed class DiskBlobStoreTests : BlobUploadsContract
{
    private const string CloudId = "0123456789abcdef0123456789abcdef";
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string folder = Directory.CreateTempSubdirectory("strata-test-").FullName;

    protected override bool SharesStorage => false;

    protected override IBlobStore Open(BlobLimits? limits = null, TimeSpan ahead = default) =>
        DiskBlobs.Open(folder, limits ?? new BlobLimits(), new ShiftedTime(ahead));

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
    public async Task WhateverIsKept_IsForItsUserOnly()
    {
        var root = Path.Combine(folder, "mount", "blobs");
        var store = DiskBlobs.Open(root, new BlobLimits(), new ShiftedTime(default));
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        await store.GrantAsync(Tenant, blob.Digest, "prj_01h455vb4pex5vsknk084sn02q", Stop);
        var upload = (await store.Uploads.StartAsync(Tenant, Stop)).Value;
        Assert.True((await store.Uploads.PutPartAsync(Tenant, upload, 1, new MemoryStream(Content), Stop)).IsOk);
        Assert.True(CloudFolder.Claim(root, CloudId, isMarked: false).IsOk);

        Assert.All(
            Directory.GetDirectories(folder, "*", SearchOption.AllDirectories), f => Assert.Equal(FolderMode, File.GetUnixFileMode(f)));
        Assert.All(Files(), f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));
        Assert.Equal(4, Files().Length);
    }

    [Fact]
    public async Task Open_OrganizationsFolderThatIsOpenToOthers_IsClosed()
    {
        await Open().PutAsync(Tenant, null, new MemoryStream(Content), Stop);
        var path = Path.Combine(folder, Tenant.ToString());
        File.SetUnixFileMode(path, FolderMode | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        Open();
        Assert.Equal(FolderMode, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData("/etc/hostname")]
    [InlineData("/etc/hostname/blobs")]
    [InlineData("/proc/strata-blobs")]
    [InlineData("/proc")]
    public void Open_FolderThatCannotBeUsed_SaysWhatToDo(string path)
    {
        var error = Assert.Throws<StrataException>(() => DiskBlobs.Open(path, new BlobLimits(), TimeProvider.System)).Error;
        Assert.Equal("BLOBS_FOLDER_UNUSABLE", error.Code);
        Assert.Contains(path, error.Message);
        Assert.Contains("--blobs", error.NextStep);
    }

    [Fact]
    public void Claim_SharedFolder_IsOfOneCloud()
    {
        Assert.True(CloudFolder.Claim(folder, CloudId, isMarked: false).IsOk);
        Assert.True(CloudFolder.Claim(folder, CloudId, isMarked: false).IsOk); // cut off before the database knew
        Assert.True(CloudFolder.Claim(folder, CloudId, isMarked: true).IsOk);
        Assert.Equal("BLOBS_OF_ANOTHER_CLOUD", CloudFolder.Claim(folder, "another", isMarked: false).Error?.Code);
    }

    [Fact]
    public void Claim_MountThatIsMissing_IsRefused_UntilTheFolderIsThere()
    {
        var mark = Path.Combine(folder, CloudFolder.FileName);
        var error = CloudFolder.Claim(folder, CloudId, isMarked: true).Error;
        Assert.Equal("BLOBS_MISSING", error?.Code);
        Assert.Contains($"echo {CloudId} > {mark}", error?.NextStep);
        Assert.Empty(Files());

        File.WriteAllText(mark, CloudId + "\n"); // as the next step says
        Assert.True(CloudFolder.Check(folder, CloudId).IsOk);
        File.Delete(mark);
        Assert.Equal("BLOBS_MISSING", CloudFolder.Check(folder, CloudId).Error?.Code);
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

using Strata.S3Blobs;

namespace Strata.Blobs.Tests.S3;

public sealed class S3StoreTests
{
    /// <summary>A server may be at work on the same folder.</summary>
    [Fact]
    public async Task Check_OfABucket_LeavesTheSpoolAlone()
    {
        var folder = Directory.CreateTempSubdirectory("strata-test-").FullName;
        try
        {
            var spooled = Path.Combine(folder, "upload");
            await File.WriteAllTextAsync(spooled, "half", TestContext.Current.CancellationToken);
            var options = new S3Options
            {
                Bucket = "data", Endpoint = new Uri($"http://127.0.0.1:{FreePort.Next()}"), AccessKey = "key", SecretKey = "secret",
                SpoolFolder = folder,
            };
            Assert.False((await S3Store.CheckAsync(options, TimeProvider.System, TestContext.Current.CancellationToken)).IsOk);
            Assert.True(File.Exists(spooled));
            using (S3Store.Open(options, new BlobLimits(), TimeProvider.System)) Assert.False(File.Exists(spooled));
        }
        finally
        {
            Folder.Delete(folder);
        }
    }
}

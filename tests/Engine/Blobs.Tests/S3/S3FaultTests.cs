using Strata.Core;
using Strata.S3Blobs;

namespace Strata.Blobs.Tests.S3;

/// <summary>A bucket that does not respond, breaks, or does not let the server in.</summary>
public sealed class S3FaultTests(Swift swift) : IAsyncLifetime
{
    private static readonly TenantId Tenant = new(Guid.Parse("01890000-0000-7000-8000-000000000001"));
    private static readonly byte[] Content = [.. Enumerable.Range(0, 300_000).Select(x => (byte)x)];

    private Relay relay = null!;
    private S3Place place = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        relay = new Relay(swift.Address);
        place = new S3Place(relay.Address);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        place.Dispose();
        await relay.DisposeAsync();
    }

    [Fact]
    public async Task Check_OfABucketThatCannotBeUsed_SaysWhyAndWhatToDo_WithoutTheSecret()
    {
        const string Secret = "hunter2-hunter2";
        (S3Options Options, string Code)[] wrong =
        [
            (place.Options with { SecretKey = Secret }, "BLOBS_REFUSED"),
            (place.Options with { AccessKey = "test:nobody", SecretKey = Secret }, "BLOBS_REFUSED"),
            (place.Options with { Bucket = "no-such-bucket" }, "BLOBS_NO_BUCKET"),
            (place.Options with { Endpoint = new Uri("http://127.0.0.1:9") }, "BLOBS_UNAVAILABLE"),
        ];
        foreach (var (options, code) in wrong)
        {
            var error = (await place.Open(options: options).CheckAsync(Stop)).Error!;
            Assert.Equal((code, 503), (error.Code, ErrorStatus.Of(error.Kind)));
            Assert.NotNull(error.NextStep);
            Assert.DoesNotContain(Secret, error.ToString() + options, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task EveryCall_DuringAnOutage_IsUnavailable_AndWorksAfterIt()
    {
        var store = place.Open();
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        relay.IsDown = true;
        Error?[] errors =
        [
            (await store.PutAsync(Tenant, null, new MemoryStream([1]), Stop)).Error,
            (await store.PutAsync(Tenant, blob.Digest, new MemoryStream(Content), Stop)).Error,
            (await store.GetAsync(Tenant, blob.Digest, 0, Stop)).Error,
            (await store.ListAsync(Tenant, null, 10, Stop)).Error,
            (await store.DeleteAsync(Tenant, blob.Digest, DateTimeOffset.MaxValue, Stop)).Error,
            (await store.Uploads.StartAsync(Tenant, Stop)).Error,
        ];
        Assert.All(
            errors, error => Assert.Equal(("BLOBS_UNAVAILABLE", true, true), (error?.Code, error?.Retryable, error?.NextStep is not null)));
        relay.IsDown = false;
        Assert.True((await store.PutAsync(Tenant, null, new MemoryStream([1]), Stop)).IsOk);
        Assert.Equal(Digest.Of(Content), Digest.Of((await BlobStream.ReadAsync(store, Tenant, blob.Digest, 1 << 20, Stop)).Value));
    }

    [Fact]
    public async Task Read_OfAStreamThatBreaks_ContinuesByRange()
    {
        var store = place.Open();
        var content = Seeded.Bytes(3 << 20);
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(content), Stop)).Value;
        relay.BytesMax = 600_000; // of each connection, and so each time at another place
        relay.Cuts = 3;
        var read = (await BlobStream.ReadAsync(store, Tenant, blob.Digest, content.Length, Stop)).Value;
        Assert.Equal(content, read);
        Assert.True(relay.Cuts <= 0, "The line was not cut.");
    }

    [Fact]
    public async Task Read_OfAStreamThatBreaksForGood_EndsWithUnavailable()
    {
        var store = place.Open();
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        await using var reader = (await BlobStream.OpenAsync(store, Tenant, blob.Digest, Stop)).Value;
        relay.IsDown = true;
        relay.BytesMax = 1;
        relay.Cuts = int.MaxValue;
        reader.Position = 1; // opens another connection
        var error = await Assert.ThrowsAsync<StrataException>(
            async () => await reader.ReadExactlyAsync(new byte[Content.Length - 1], Stop));
        Assert.Equal("BLOBS_UNAVAILABLE", error.Error.Code);
    }

    [Fact]
    public async Task Put_OfPartsThatIsInterrupted_LeavesNothingThatIsFoundOrCounted()
    {
        var store = place.Open(new BlobLimits { QuotaBytes = 50_000_000 });
        var content = Seeded.Bytes(40 << 20);
        relay.SentMax = 10_000_000; // in the middle of a part
        Assert.Equal("BLOBS_UNAVAILABLE", (await store.PutAsync(Tenant, null, new MemoryStream(content), Stop)).Error?.Code);
        using (var cancelled = new CancellationTokenSource())
        {
            relay.SentMax = long.MaxValue;
            var put = store.PutAsync(Tenant, null, new CancellingStream(content, cancelled), cancelled.Token);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put);
        }
        Assert.Empty((await store.ListAsync(Tenant, null, 10, Stop)).Value.Items);
        Assert.Empty(Directory.GetFiles(place.Folder, "*", SearchOption.AllDirectories));
        Assert.True((await store.PutAsync(Tenant, null, new MemoryStream(content), Stop)).IsOk); // all of the quota is there
    }

    [Fact]
    public async Task Put_AfterADeletionThatACrashLeft_GoesOn_ByTheStoragesClock()
    {
        var (store, digest) = (place.Open(), Digest.Of(Content));
        using var client = Raw();
        var (bucket, left) = (SwiftServer.Bucket, $"{MarksOf(digest)}deleting-x");
        await client.PutObjectAsync(
            new() { BucketName = bucket, Key = left, InputStream = new MemoryStream(), UseChunkEncoding = false }, Stop);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var waiting = store.PutAsync(Tenant, digest, new MemoryStream(Content), patience.Token);
        var ahead = place.Open(ahead: TimeSpan.FromMinutes(9)).PutAsync(Tenant, digest, new MemoryStream(Content), patience.Token);
        Assert.Equal("BLOB_NOT_FOUND", (await store.RenewAsync(Tenant, digest, Stop)).Error?.Code); // so that a client sends it again
        var impatient = place.Open(options: place.Options with { DeletionMax = TimeSpan.FromSeconds(2) });
        Assert.True((await impatient.PutAsync(Tenant, digest, new MemoryStream(Content), Stop)).IsOk);
        Assert.False(waiting.IsCompleted || ahead.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ahead);
    }

    [Fact]
    public async Task Delete_OfUnknownOutcome_HoldsUpPutsOfTheSameContent()
    {
        var store = place.Open();
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        var before = blob.PutAt.AddHours(1);
        relay.LosesDeletions = true;
        Assert.Equal("BLOBS_UNAVAILABLE", (await store.DeleteAsync(Tenant, blob.Digest, before, Stop)).Error?.Code);
        Assert.Single(await MarksAsync(blob.Digest), IsDeletion);
        Assert.Equal("BLOB_NOT_FOUND", (await store.RenewAsync(Tenant, blob.Digest, Stop)).Error?.Code);
        relay.LosesDeletions = false;
        Assert.True((await store.DeleteAsync(Tenant, blob.Digest, blob.PutAt.AddHours(2), Stop)).Value);
        Assert.Single(await MarksAsync(blob.Digest), IsDeletion); // its own mark is gone, that of the first attempt stays
    }

    [Fact]
    public async Task Delete_ThatIsLate_IsNotSent_AndLeavesNoMark()
    {
        var blob = (await place.Open().PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        using var slow = S3Store.Open(place.Options, new BlobLimits(), new HurryingTime());
        Assert.Equal("BLOBS_UNAVAILABLE", (await slow.DeleteAsync(Tenant, blob.Digest, blob.PutAt.AddHours(3), Stop)).Error?.Code);
        Assert.DoesNotContain(await MarksAsync(blob.Digest), IsDeletion);
        Assert.True((await place.Open().HeadAsync(Tenant, blob.Digest, Stop)).IsOk);
    }

    [Fact]
    public async Task Renew_OfWhatIsMissingOrWasUsedLately_WritesNoMark()
    {
        var (store, missing) = (place.Open(), Digest.Of([7]));
        Assert.Equal("BLOB_NOT_FOUND", (await store.RenewAsync(Tenant, missing, Stop)).Error?.Code);
        Assert.Empty(await MarksAsync(missing));
        var blob = (await store.PutAsync(Tenant, null, new MemoryStream(Content), Stop)).Value;
        for (var i = 0; i < 3; i++) Assert.True((await store.RenewAsync(Tenant, blob.Digest, Stop)).IsOk);
        Assert.Single(await MarksAsync(blob.Digest));
        Assert.True((await place.Open(ahead: TimeSpan.FromHours(1)).RenewAsync(Tenant, blob.Digest, Stop)).IsOk);
        Assert.Equal(2, (await MarksAsync(blob.Digest)).Count);
        // A renewal that shares a mark protects from its own time on.
        Assert.True((await place.Open(ahead: TimeSpan.FromMinutes(85)).RenewAsync(Tenant, blob.Digest, Stop)).IsOk);
        Assert.Equal(2, (await MarksAsync(blob.Digest)).Count);
        Assert.False((await store.DeleteAsync(Tenant, blob.Digest, blob.PutAt.AddMinutes(84), Stop)).Value);
    }

    private static bool IsDeletion(string mark) => mark.StartsWith("deleting-", StringComparison.Ordinal);

    private string MarksOf(Digest digest) => $"{place.Prefix}{Tenant}/marks/{digest.Hex}/";

    private async Task<List<string>> MarksAsync(Digest digest)
    {
        using var client = Raw();
        var listed = await client.ListObjectsV2Async(new() { BucketName = SwiftServer.Bucket, Prefix = MarksOf(digest) }, Stop);
        return (listed.S3Objects ?? []).ConvertAll(mark => mark.Key[MarksOf(digest).Length..]);
    }

    private Amazon.S3.AmazonS3Client Raw() => new(
        new Amazon.Runtime.BasicAWSCredentials(SwiftServer.AccessKey, SwiftServer.SecretKey),
        new Amazon.S3.AmazonS3Config { ServiceURL = swift.Address.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1" });

    /// <summary>A minute and a half passes between any two looks at the clock.</summary>
    private sealed class HurryingTime : TimeProvider
    {
        private readonly DateTimeOffset start = System.GetUtcNow();
        private int looks;

        public override DateTimeOffset GetUtcNow() => start + TimeSpan.FromSeconds(90) * Interlocked.Increment(ref looks);
    }

    /// <summary>Cancels the put when it has been read.</summary>
    private sealed class CancellingStream(byte[] content, CancellationTokenSource cancel) : MemoryStream(content)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            if (read == 0) cancel.CancelAfter(TimeSpan.FromMilliseconds(50));
            return read;
        }
    }
}

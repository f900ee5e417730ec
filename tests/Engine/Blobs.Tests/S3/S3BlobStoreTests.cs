using Strata.S3Blobs;

namespace Strata.Blobs.Tests.S3;

public sealed class S3BlobStoreTests(Swift swift) : BlobUploadsContract
{
    private readonly S3Place place = new(swift.Address);

    protected override bool SharesStorage => true;

    protected override IBlobStore Open(BlobLimits? limits = null, TimeSpan ahead = default) => place.Open(limits, ahead);

    public override ValueTask DisposeAsync()
    {
        place.Dispose();
        return base.DisposeAsync();
    }
}

/// <summary>A prefix of its own in the bucket, and the stores that were opened on it.</summary>
internal sealed class S3Place(Uri address) : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-test-").FullName;
    private readonly List<IS3BlobStore> opened = [];

    public string Prefix { get; } = $"t-{Guid.CreateVersion7():n}/";

    public string Folder => folder;

    public S3Options Options => new()
    {
        Bucket = SwiftServer.Bucket, Prefix = Prefix, Endpoint = address, AccessKey = SwiftServer.AccessKey,
        SecretKey = SwiftServer.SecretKey,
        SpoolFolder = Path.Combine(folder, opened.Count.ToString(System.Globalization.CultureInfo.InvariantCulture)),
    };

    public IS3BlobStore Open(BlobLimits? limits = null, TimeSpan ahead = default, S3Options? options = null)
    {
        var store = S3Store.Open(options ?? Options, limits ?? new BlobLimits(), new ShiftedTime(ahead));
        opened.Add(store);
        return store;
    }

    public void Dispose()
    {
        foreach (var store in opened) store.Dispose();
        TestSupport.Folder.Delete(folder);
    }
}

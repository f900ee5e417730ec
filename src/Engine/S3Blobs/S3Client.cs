using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Strata.Blobs;
using Strata.Core;

namespace Strata.S3Blobs;

/// <summary>
/// The requests that this module makes, each bounded in time with its retries, with the storage's failures as errors. A missing object is
/// an outcome, not an error. Safe for concurrent use.
/// </summary>
internal sealed class S3Client : IDisposable
{
    /// <summary>Of a request that carries no content, retries included.</summary>
    private static readonly TimeSpan SmallMax = TimeSpan.FromSeconds(30);

    /// <summary>Of one that carries a part of a blob, or has the storage copy one.</summary>
    private static readonly TimeSpan LargeMax = TimeSpan.FromMinutes(5);

    private const int RetriesMax = 3;

    private readonly AmazonS3Client client;
    private readonly AmazonS3Client once;
    private readonly string bucket;
    private readonly string storage;

    public S3Client(S3Options options)
    {
        (bucket, storage) = (options.Bucket, options.ToString());
        client = Open(options, RetriesMax);
        once = Open(options, retries: 0);
    }

    public string Storage => storage;

    public void Dispose()
    {
        client.Dispose();
        once.Dispose();
    }

    /// <summary>At most 1000 keys below a prefix, after one of them.</summary>
    public Task<Result<ListObjectsV2Response>> ListAsync(
        string prefix, string? after, int max, string? delimiter, CancellationToken cancellationToken) => RunAsync(
        SmallMax,
        stop => client.ListObjectsV2Async(
            new() { BucketName = bucket, Prefix = prefix, StartAfter = after, MaxKeys = max, Delimiter = delimiter }, stop),
        cancellationToken);

    /// <summary>Null where it is not there.</summary>
    public Task<Result<GetObjectMetadataResponse?>> HeadAsync(string key, CancellationToken cancellationToken) =>
        FindAsync(SmallMax, stop => client.GetObjectMetadataAsync(new GetObjectMetadataRequest { BucketName = bucket, Key = key }, stop),
            cancellationToken);

    /// <summary>Null where it is not there. The response streams; what it takes to read it is not bounded here.</summary>
    public Task<Result<GetObjectResponse?>> GetAsync(string key, long offset, CancellationToken cancellationToken)
    {
        var range = offset > 0 ? new ByteRange($"bytes={offset}-") : null;
        return FindAsync(
            SmallMax, stop => client.GetObjectAsync(new GetObjectRequest { BucketName = bucket, Key = key, ByteRange = range }, stop),
            cancellationToken);
    }

    public Task<Result<PutObjectResponse>> PutAsync(string key, Stream content, CancellationToken cancellationToken) => RunAsync(
        content.Length == 0 ? SmallMax : LargeMax,
        stop => client.PutObjectAsync(
            new() { BucketName = bucket, Key = key, InputStream = content, AutoCloseStream = false, UseChunkEncoding = false,
                ContentType = "application/octet-stream" }, stop),
        cancellationToken);

    /// <summary>Ok also where it is not there.</summary>
    public async Task<Result<Done>> DeleteAsync(string key, CancellationToken cancellationToken) =>
        (await FindAsync(SmallMax, stop => client.DeleteObjectAsync(bucket, key, stop), cancellationToken)).Then<Done>(_ => default(Done));

    /// <summary>Ok also where it is not there.</summary>
    /// <returns>False where the first request failed and a repeated one succeeded: the first may still arrive.</returns>
    public async Task<Result<bool>> DeleteSurelyAsync(string key, CancellationToken cancellationToken)
    {
        var first = await FindAsync(SmallMax, stop => once.DeleteObjectAsync(bucket, key, stop), cancellationToken);
        return first.IsOk ? true : (await DeleteAsync(key, cancellationToken)).Then<bool>(_ => false);
    }

    public Task<Result<CopyObjectResponse>> CopyAsync(string from, string to, CancellationToken cancellationToken) =>
        RunAsync(LargeMax, stop => client.CopyObjectAsync(bucket, from, bucket, to, stop), cancellationToken);

    public Task<Result<string>> StartUploadAsync(string key, CancellationToken cancellationToken) => RunAsync(
        SmallMax, async stop =>
            (await client.InitiateMultipartUploadAsync(
                new InitiateMultipartUploadRequest { BucketName = bucket, Key = key }, stop)).UploadId, cancellationToken);

    /// <summary>Bytes of a file as one part. Null where the upload is not there.</summary>
    public Task<Result<UploadPartResponse?>> PutPartAsync(
        string key, string upload, int number, string file, long offset, long bytes, CancellationToken cancellationToken) => FindAsync(
        LargeMax,
        stop => client.UploadPartAsync(
            new()
            {
                BucketName = bucket, Key = key, UploadId = upload, PartNumber = number, FilePath = file, FilePosition = offset,
                PartSize = bytes, UseChunkEncoding = false,
            },
            stop),
        cancellationToken);

    /// <summary>At most 1000 parts with numbers above one. Null where the upload is not there.</summary>
    public Task<Result<ListPartsResponse?>> ListPartsAsync(string key, string upload, string? after, CancellationToken cancellationToken) =>
        FindAsync(
        SmallMax, stop => client.ListPartsAsync(
            new ListPartsRequest { BucketName = bucket, Key = key, UploadId = upload, PartNumberMarker = after }, stop), cancellationToken);

    /// <summary>Null where the upload is not there.</summary>
    public Task<Result<CompleteMultipartUploadResponse?>> CompleteUploadAsync(
        string key, string upload, List<PartETag> parts, CancellationToken cancellationToken) => FindAsync(
        LargeMax,
        stop => client.CompleteMultipartUploadAsync(new() { BucketName = bucket, Key = key, UploadId = upload, PartETags = parts }, stop),
        cancellationToken);

    /// <summary>Ok also where it is not there.</summary>
    public async Task<Result<Done>> AbortUploadAsync(string key, string upload, CancellationToken cancellationToken) =>
        (await FindAsync(SmallMax, stop => client.AbortMultipartUploadAsync(bucket, key, upload, stop), cancellationToken))
            .Then<Done>(_ => default(Done));

    public Task<Result<ListMultipartUploadsResponse>> ListUploadsAsync(
        string prefix, string? key, string? upload, CancellationToken cancellationToken) => RunAsync(
        SmallMax,
        stop => client.ListMultipartUploadsAsync(
            new ListMultipartUploadsRequest { BucketName = bucket, Prefix = prefix, KeyMarker = key, UploadIdMarker = upload }, stop),
        cancellationToken);

    private static AmazonS3Client Open(S3Options options, int retries)
    {
        var config = new AmazonS3Config
        {
            ForcePathStyle = options.PathStyle ?? options.Endpoint is not null,
            AuthenticationRegion = options.Region,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = retries,
            Timeout = LargeMax,
            // The default adds CRC trailers in chunked encoding, which many services that speak S3 answer with NotImplemented. The
            // signature covers the SHA-256 of each request's content instead, which all of them check.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        if (options.Endpoint is { } endpoint) config.ServiceURL = endpoint.ToString();
        else config.RegionEndpoint = Amazon.RegionEndpoint.GetBySystemName(options.Region);
        return options.AccessKey is { } key
            ? new AmazonS3Client(new BasicAWSCredentials(key, options.SecretKey ?? ""), config)
            : new AmazonS3Client(config);
    }

    private async Task<Result<T?>> FindAsync<T>(TimeSpan max, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
        where T : class
    {
        var found = await RunAsync<T?>(max, async stop =>
        {
            try
            {
                return await call(stop);
            }
            catch (AmazonS3Exception e) when (e.StatusCode == System.Net.HttpStatusCode.NotFound && e.ErrorCode != "NoSuchBucket")
            {
                return null;
            }
        }, cancellationToken);
        return found;
    }

    private async Task<Result<T>> RunAsync<T>(TimeSpan max, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(max);
        try
        {
            return await call(timer.Token);
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchBucket")
        {
            return BlobErrors.NoBucket(storage);
        }
        catch (AmazonS3Exception e) when (e.StatusCode is System.Net.HttpStatusCode.Forbidden or System.Net.HttpStatusCode.Unauthorized)
        {
            return BlobErrors.Refused(storage, e.ErrorCode ?? "Forbidden");
        }
        catch (AmazonServiceException e)
        {
            return BlobErrors.Unavailable(storage, $"it returned {(int)e.StatusCode} {e.ErrorCode}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or AmazonClientException or System.Net.Sockets.SocketException)
        {
            return BlobErrors.Unavailable(storage, e.Message.TrimEnd('.'));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return BlobErrors.Unavailable(storage, $"no response within {max.TotalSeconds:0} s");
        }
    }
}

using System.Text;

namespace Strata.S3Blobs;

/// <summary>A bucket, and how it is reached. Immutable.</summary>
public sealed record S3Options
{
    public required string Bucket { get; init; }

    /// <summary>Before every key; empty or ends with a slash.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Of a service that speaks S3; null: Amazon's in <see cref="Region"/>.</summary>
    public Uri? Endpoint { get; init; }

    public string Region { get; init; } = "us-east-1";

    /// <summary><c>endpoint/bucket</c> instead of <c>bucket.endpoint</c>; null: with an endpoint of one's own.</summary>
    public bool? PathStyle { get; init; }

    /// <summary>Null: what the AWS SDK finds, such as the machine's role.</summary>
    public string? AccessKey { get; init; }

    public string? SecretKey { get; init; }

    /// <summary>Folder of this machine for what is on its way to the bucket.</summary>
    public required string SpoolFolder { get; init; }

    /// <summary>
    /// A deletion sends its requests within a third of this time; a put of the same content that meets an unfinished one waits until
    /// that is this old. The same on all servers of a cloud, and longer than a request may be on its way.
    /// </summary>
    public TimeSpan DeletionMax { get; init; } = TimeSpan.FromMinutes(3);

    public override string ToString() => $"s3://{Bucket}/{Prefix}".TrimEnd('/')
        + (Endpoint is null ? "" : $" at {Endpoint.GetLeftPart(UriPartial.Authority)}");

    /// <summary>Keeps the secret out of what records show of themselves.</summary>
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(ToString());
        return true;
    }
}

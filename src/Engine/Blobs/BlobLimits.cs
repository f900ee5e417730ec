namespace Strata.Blobs;

/// <summary>Bounds of a blob store. Immutable.</summary>
public sealed record BlobLimits
{
    /// <summary>Parts of an upload but the last have at least so many bytes, as S3 wants it.</summary>
    public const int PartBytesMin = 5 << 20;

    public const int PartBytesMax = 64 << 20;
    public const int PartsMax = 10_000;

    /// <summary>Open uploads of one organization.</summary>
    public const int UploadsMax = 16;

    /// <summary>After its start an upload has so long.</summary>
    public static readonly TimeSpan UploadKept = TimeSpan.FromHours(24);

    /// <summary>How long a renewal protects a blob.</summary>
    public static readonly TimeSpan RenewalKept = TimeSpan.FromHours(48);

    /// <summary>Bytes of one blob.</summary>
    public long BytesMax { get; init; } = 1L << 30;

    /// <summary>Bytes of one organization's blobs; 0: the driver's default.</summary>
    public long QuotaBytes { get; init; }

    /// <summary>Free space that must be left on this machine's disk, also where it only holds what is on its way to the storage.</summary>
    public long ReserveBytes { get; init; }
}

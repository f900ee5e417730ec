namespace Strata.Deployments.Source;

/// <summary>Bounds on one source.</summary>
public sealed record SourceLimits
{
    public static readonly SourceLimits Default = new();

    public int FilesMax { get; init; } = 100_000;

    /// <summary>Of all files together, unpacked.</summary>
    public long BytesMax { get; init; } = 2L << 30;

    /// <summary>For a whole git fetch.</summary>
    public TimeSpan GitTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Allows file:// and hosts on loopback, link-local and private addresses: for an administrator's own machine, never where untrusted
    /// users deploy.
    /// </summary>
    public bool AllowPrivateGit { get; init; }
}

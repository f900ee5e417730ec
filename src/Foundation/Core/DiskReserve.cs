using System.Globalization;

namespace Strata.Core;

/// <summary>
/// Free space on a disk that is left to the platform, so that its database keeps working when users have filled the rest: code that writes
/// for a user checks here first. Safe for concurrent use; costs one system call.
/// </summary>
/// <param name="folder">On the disk; need not be there yet.</param>
/// <param name="bytes">0: no reserve.</param>
public sealed class DiskReserve(string folder, long bytes)
{
    public const long BytesDefault = 512L << 20;

    /// <summary>Below this share of the reserve builds are stopped: before instances, because builds serve no users yet.</summary>
    public const double BuildShare = 0.75;

    /// <summary>Below this share of the reserve the instance that uses the most disk is stopped.</summary>
    public const double InstanceShare = 0.5;

    private const string NextStep = "Free some space on the server's disk: delete releases and deployments, or what else is on it.";

    public long FreeBytes => new DriveInfo(Existing(folder)).AvailableFreeSpace;

    public const string Code = "INSUFFICIENT_STORAGE";

    public bool IsShort => IsBelow(1);

    /// <summary>For a message: the code, what is wrong, the next step. The same each time.</summary>
    public string Refusal =>
        $"{Code}: The disk of {folder} has less free space than the {bytes >> 20} MiB that are reserved for the platform. {NextStep}";

    /// <summary>True when less than this share of the reserve is free.</summary>
    public bool IsBelow(double share) => bytes > 0 && FreeBytes < bytes * share;

    public string Sentence => string.Create(
        CultureInfo.InvariantCulture,
        $"The disk of {folder} has {FreeBytes >> 20} MiB left, and {bytes >> 20} MiB are reserved for the platform.");

    /// <summary>INSUFFICIENT_STORAGE, 507.</summary>
    public Error Error => new(
        ErrorKind.InsufficientStorage, Code, Sentence, NextStep)
    { Retryable = true };

    private static string Existing(string path) => Directory.Exists(path) ? path : Existing(Path.GetDirectoryName(path) ?? "/");
}

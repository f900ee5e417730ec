using System.Globalization;

namespace Strata.Core;

/// <summary>
/// Free space on a disk that is left to the platform, so that its database lives on when users have filled the rest: who writes for a user asks here first.
/// Safe for concurrent use; costs one system call.
/// </summary>
/// <param name="folder">On the disk; need not be there yet.</param>
/// <param name="bytes">0: no reserve.</param>
public sealed class DiskReserve(string folder, long bytes)
{
    public const long BytesDefault = 512L << 20;

    public long FreeBytes => new DriveInfo(Existing(folder)).AvailableFreeSpace;

    public bool IsShort => bytes > 0 && FreeBytes < bytes;

    public string Sentence => string.Create(
        CultureInfo.InvariantCulture, $"The disk of {folder} has {FreeBytes >> 20} MiB left, and {bytes >> 20} MiB are reserved for the platform.");

    /// <summary>INSUFFICIENT_STORAGE, 507.</summary>
    public Error Error => new(
        ErrorKind.InsufficientStorage, "INSUFFICIENT_STORAGE", Sentence, "Free some space on the server's disk: delete releases and deployments, or what else is on it.")
    { Retryable = true };

    private static string Existing(string path) => Directory.Exists(path) ? path : Existing(Path.GetDirectoryName(path) ?? "/");
}

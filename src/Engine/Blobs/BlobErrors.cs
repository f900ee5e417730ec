using System.Globalization;
using Strata.Core;

namespace Strata.Blobs;

/// <summary>What can be wrong with a blob or its storage.</summary>
public static class BlobErrors
{
    public const string UnavailableCode = "BLOBS_UNAVAILABLE";

    public static Error BadDigest(string text) => new(
        ErrorKind.Invalid, "INVALID_DIGEST", $"\"{text.Shortened(80)}\" is not a digest.",
        "Use sha256: and the 64 hexadecimal digits of the content's SHA-256.");

    public static Error Mismatch(Digest expected, Digest actual) => new(
        ErrorKind.Invalid, "DIGEST_MISMATCH", $"The content hashes to {actual}, not to {expected}; nothing was kept.",
        "Send the content again, whole.");

    public static Error TooLarge(long bytesMax) => new(
        ErrorKind.TooLarge, "BLOB_TOO_LARGE", $"The content is larger than {ByteText.Format(bytesMax)}; nothing was kept.",
        "Leave out what the application does not need: files named in .gitignore are not uploaded.")
    { Details = new Dictionary<string, string> { ["limit"] = bytesMax.ToString(CultureInfo.InvariantCulture) } };

    public static Error QuotaExceeded(long used, long max) => new(
        ErrorKind.InsufficientStorage, "QUOTA_EXCEEDED",
        $"This organization's sources and images use {ByteText.Format(used)} of {ByteText.Format(max)}; nothing was kept.",
        "Delete releases or deployments that are not needed (their files go within a day), or have the operator raise --quota-disk.")
    {
        Details = new Dictionary<string, string>
        {
            ["used"] = used.ToString(CultureInfo.InvariantCulture),
            ["limit"] = max.ToString(CultureInfo.InvariantCulture),
        },
    };

    public static Error NotFound(Digest digest) => new(
        ErrorKind.NotFound, "BLOB_NOT_FOUND", $"There is no blob {digest}.", "Upload it with PUT first.");

    public static Error UploadNotFound(UploadId upload) => new(
        ErrorKind.NotFound, "UPLOAD_NOT_FOUND",
        $"There is no upload \"{upload.Value.Shortened(80)}\": it was completed, aborted, or has expired.", "Start another one.");

    public static Error UploadsExhausted(int max) => new(
        ErrorKind.TooMany, "UPLOADS_EXHAUSTED", $"This organization has {max} uploads open already.",
        "Complete or abort some; they expire after a day.");

    public static Error InvalidPart(string why) => new(
        ErrorKind.Invalid, "INVALID_PART", why,
        $"Parts are numbered from 1 to {BlobLimits.PartsMax} and have {ByteText.Format(BlobLimits.PartBytesMin)} to {ByteText.Format(BlobLimits.PartBytesMax)}; "
        + "the last one may be smaller.");

    /// <param name="why">Without a secret; ends without a full stop.</param>
    public static Error Unavailable(string storage, string why) => new(
        ErrorKind.Unavailable, UnavailableCode, $"The storage of sources and images, {storage}, does not respond: {why}.",
        "Try again in a moment. If it lasts, the operator should check the storage, and --blobs-endpoint; what runs already is not affected.")
    { Retryable = true };

    /// <summary>Of a folder that servers share. Users see it too, so it names no path.</summary>
    public static readonly Error NotMounted = Unavailable("a folder that the servers share", "it is not mounted at this server");

    /// <param name="why">Why; ends as the system words it.</param>
    public static Error FolderUnusable(string folder, string why) => new(
        ErrorKind.Unavailable, "BLOBS_FOLDER_UNUSABLE", $"Sources and images cannot be kept in {folder}: {why.TrimEnd('.')}.",
        "Set --blobs to a folder that this user can list and write, or correct its owner and mode.");

    /// <param name="path">Of the file that is missing.</param>
    public static Error FolderMissing(string folder, string path, string cloudId) => new(
        ErrorKind.Unavailable, "BLOBS_MISSING",
        $"{folder} is not the folder in which this cloud keeps sources and images: {path} is not there.",
        "Mount the shared folder, or correct --blobs. If the folder was moved, copy its whole content there, the file strata-cloud too. "
        + $"To continue with an empty folder: echo {cloudId} > {path}");

    /// <param name="path">Of the file that names the other cloud.</param>
    public static Error FolderOfAnotherCloud(string folder, string path) => new(
        ErrorKind.Unavailable, "BLOBS_OF_ANOTHER_CLOUD", $"The folder {folder} keeps the sources and images of another cloud.",
        $"Set --blobs to a folder of this cloud. If the other cloud no longer exists, empty the folder, {path} too, and start again.");

    public static Error NoBucket(string storage) => new(
        ErrorKind.Unavailable, "BLOBS_NO_BUCKET", $"There is no bucket for {storage}.",
        "Create the bucket, or correct --blobs, --blobs-endpoint or --blobs-region.");

    /// <param name="why">The storage's own code, such as AccessDenied.</param>
    public static Error Refused(string storage, string why) => new(
        ErrorKind.Unavailable, "BLOBS_REFUSED", $"The storage of sources and images, {storage}, refuses this server's access key ({why}).",
        "Check --blobs-access-key and STRATA_BLOBS_SECRET_KEY; the key must be allowed to list the bucket, and to read, write and delete objects in it.");
}

using Strata.Core;

namespace Strata.Deployments.Blobs;

/// <summary>What can be wrong with a blob.</summary>
internal static class BlobErrors
{
    public static Error BadDigest(string text) => new(
        ErrorKind.Invalid, "INVALID_DIGEST", $"\"{Shorten(text)}\" is not a digest.", "Use sha256: and the 64 hexadecimal digits of the content's SHA-256.");

    public static Error Mismatch(Digest expected, Digest actual) => new(
        ErrorKind.Invalid, "DIGEST_MISMATCH", $"The content hashes to {actual}, not to {expected}; nothing was kept.", "Send the content again, whole.");

    public static Error TooLarge(long bytesMax) => new(
        ErrorKind.TooLarge, "BLOB_TOO_LARGE", $"The content is larger than {ByteText.Format(bytesMax)}; nothing was kept.",
        "Leave out what the application does not need: files named in .gitignore are not uploaded.")
    { Details = new Dictionary<string, string> { ["limit"] = bytesMax.ToString(System.Globalization.CultureInfo.InvariantCulture) } };

    public static Error QuotaExceeded(long used, long max) => new(
        ErrorKind.InsufficientStorage, "QUOTA_EXCEEDED",
        $"This organization's sources and images use {ByteText.Format(used)} of {ByteText.Format(max)} on this server's disk; nothing was kept.",
        "Delete releases or deployments that are not needed (their files go within a day), or have the operator raise --quota-disk.")
    {
        Details = new Dictionary<string, string>
        {
            ["used"] = used.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["limit"] = max.ToString(System.Globalization.CultureInfo.InvariantCulture),
        },
    };

    public static Error NotFound(Digest digest) => new(
        ErrorKind.NotFound, "BLOB_NOT_FOUND", $"There is no blob {digest}.", "Upload it with PUT first.");

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";
}

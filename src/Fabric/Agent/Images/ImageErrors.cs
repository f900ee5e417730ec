using Strata.Core;

namespace Strata.Agent.Images;

/// <summary>The catalogue of what can be wrong with an image.</summary>
internal static class ImageErrors
{
    public static Error Invalid(string digest, string why) => new(
        ErrorKind.Unprocessable, "IMAGE_INVALID", $"The image {Short(digest)} cannot be used: {why}.", "Deploy the source again, so that the image is built anew.");

    public static Error Missing(string digest) => new(
        ErrorKind.NotFound, "IMAGE_MISSING", $"The blob {Short(digest)} of the image is not there.", "Deploy the source again, so that the image is built anew.");

    private static string Short(string digest) => digest.Length > 19 ? digest[..19] : digest;
}

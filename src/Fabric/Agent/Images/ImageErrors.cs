using Strata.Core;

namespace Strata.Agent.Images;

/// <summary>The catalogue of what can be wrong with an image.</summary>
internal static class ImageErrors
{
    public static Error Invalid(string digest, string why) => new(
        ErrorKind.Unprocessable, "IMAGE_INVALID", $"The image {Short(digest)} cannot be used: {why}.",
        "Deploy the source again to rebuild the image.");

    public static Error Missing(string digest) => new(
        ErrorKind.NotFound, "IMAGE_MISSING", $"The blob {Short(digest)} of the image is missing.",
        "Deploy the source again to rebuild the image.");

    private static string Short(string digest) => digest.Length > 19 ? digest[..19] : digest;
}

using Strata.Core;

namespace Strata.Blobs;

/// <summary>For drivers: what all of them check of the parts of an upload.</summary>
public static class PartRules
{
    public static Error? Check(int number) =>
        number is >= 1 and <= BlobLimits.PartsMax ? null : BlobErrors.InvalidPart($"There is no part {number}.");

    /// <param name="parts">By number.</param>
    public static Error? Check(IReadOnlyList<UploadPart> parts)
    {
        if (parts.Count == 0) return BlobErrors.InvalidPart("The upload has no parts.");
        return parts.SkipLast(1).FirstOrDefault(p => p.Bytes < BlobLimits.PartBytesMin) is { } small
            ? BlobErrors.InvalidPart($"Part {small.Number} is not the last one and has only {small.Bytes} bytes.") : null;
    }

    /// <summary>A part that is too large is an invalid part, not a blob that is too large.</summary>
    public static Error Of(Error error) => error.Code == BlobErrors.TooLarge(0).Code
        ? BlobErrors.InvalidPart($"The part is larger than {ByteText.Format(BlobLimits.PartBytesMax)}.") : error;

    /// <summary>When an upload with this id was started.</summary>
    /// <param name="id">A UUID of version 7, in hexadecimal digits.</param>
    public static DateTimeOffset StartOf(string id) =>
        Guid.TryParseExact(id, "n", out var value)
            ? DateTimeOffset.FromUnixTimeMilliseconds(Convert.ToInt64(value.ToString("n")[..12], 16)) : DateTimeOffset.MinValue;
}

using Strata.Core;

namespace Strata.Resources.Kinds;

/// <summary>Labels: at most 64; keys of 1 to 63 of a-z, A-Z, 0-9, ".", "_", "/" and "-"; values of at most 256 characters.</summary>
public static class Labels
{
    public const int CountMax = 64;
    public const int KeyLengthMax = 63;
    public const int ValueLengthMax = 256;

    public static IEnumerable<ValidationError> Check(IReadOnlyDictionary<string, string> labels)
    {
        if (labels.Count > CountMax) yield return new ValidationError("labels", $"At most {CountMax} labels fit on one resource.");
        foreach (var (key, value) in labels.Take(CountMax))
        {
            if (!IsKey(key))
                yield return new ValidationError(
                    "labels", $"A label's key takes 1 to {KeyLengthMax} letters, digits, \".\", \"_\", \"/\" and \"-\".");
            else if (value.Length > ValueLengthMax)
                yield return new ValidationError("labels." + key, $"A label's value takes at most {ValueLengthMax} characters.");
        }
    }

    private static bool IsKey(string key) =>
        key.Length is >= 1 and <= KeyLengthMax && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '/' or '-');
}

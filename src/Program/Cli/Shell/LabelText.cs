using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>Labels as options have them: KEY=VALUE.</summary>
internal static class LabelText
{
    /// <exception cref="StrataException">USAGE: one is not of this form.</exception>
    public static Dictionary<string, string> Parse(IEnumerable<string> labels)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var label in labels)
        {
            if (label.Split('=', 2) is not [{ Length: > 0 } key, var value])
                throw UsageErrors.Of($"\"{label.Shortened(80)}\" is no label.",
                    "Write it as KEY=VALUE, for example environment=staging.").ToException();
            read[key] = value;
        }
        return read;
    }
}

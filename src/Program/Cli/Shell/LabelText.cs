using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>Labels as options have them: KEY=VALUE.</summary>
internal static class LabelText
{
    /// <param name="environment">Adds the label of this environment; null: none.</param>
    /// <exception cref="StrataException">USAGE: one is not of this form.</exception>
    public static Dictionary<string, string> Parse(IEnumerable<string> labels, string? environment)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var label in labels)
        {
            if (label.Split('=', 2) is not [{ Length: > 0 } key, var value])
                throw UsageErrors.Of($"\"{label.Shortened(80)}\" is no label.",
                    "Write it as KEY=VALUE, for example environment=staging.").ToException();
            read[key] = value;
        }
        if (environment is null) return read;
        if (read.TryGetValue(EnvironmentSpec.Label, out var other) && other != environment)
            throw UsageErrors.Of($"--environment {environment} and --label {EnvironmentSpec.Label}={other} contradict each other.",
                "Leave one of them out.").ToException();
        read[EnvironmentSpec.Label] = environment;
        return read;
    }
}

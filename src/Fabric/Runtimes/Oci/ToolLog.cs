using System.Text.RegularExpressions;

namespace Strata.Runtimes.Oci;

/// <summary>The log file of runc or crun, in which it says why a program could not be started.</summary>
internal static partial class ToolLog
{
    /// <summary>Its first error as a sentence; null if it logged none.</summary>
    public static string? FirstError(string file)
    {
        if (!File.Exists(file)) return null;
        foreach (var line in File.ReadLines(file).Take(100))
        {
            if (Message(line) is { } message) return message;
        }
        return null;
    }

    /// <summary>runc writes <c>time="…" level=error msg="…"</c>, crun <c>TIME: MESSAGE</c>.</summary>
    private static string? Message(string line)
    {
        var logrus = LogrusLine().Match(line);
        if (logrus.Success) return logrus.Groups[1].Value is "error" or "fatal"
            ? logrus.Groups[2].Value.Replace("\\\"", "\"", StringComparison.Ordinal) : null;
        var plain = PlainLine().Match(line);
        return plain.Success ? plain.Groups[1].Value : null;
    }

    [GeneratedRegex("^time=\"[^\"]*\" level=(\\w+) msg=\"(.*)\"$")]
    private static partial Regex LogrusLine();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\S+: (.+)$")]
    private static partial Regex PlainLine();
}

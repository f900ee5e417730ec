using System.Globalization;

namespace Strata.Runtimes;

/// <summary>Limits of this process, which what it starts inherits.</summary>
internal static class ProcessLimits
{
    /// <summary>The hard limit of open files.</summary>
    public static long OpenFiles()
    {
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var hard = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, _, var value, ..] ? value : "";
        return long.TryParse(hard, CultureInfo.InvariantCulture, out var number) ? number : long.MaxValue;
    }
}

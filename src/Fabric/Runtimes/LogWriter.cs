using System.Globalization;
using Strata.Core;

namespace Strata.Runtimes;

/// <summary>The small program between a run and its log files, which keeps them bounded; log-writer.sh says how.</summary>
public static class LogWriter
{
    /// <summary>Of one file. Two are kept, and a file may pass this by one piece of 64 KiB.</summary>
    public const long FileBytesMax = 8 << 20;

    /// <summary>Writes the script where shims find it. Replaced, never overwritten: shells read a script as they go.</summary>
    public static void Install(NodePaths paths) => AtomicFile.Write(ScriptOf(paths), EmbeddedText.Read("log-writer.sh"));

    /// <summary>What a shim needs to start it, besides S_LOG.</summary>
    public static IReadOnlyDictionary<string, string> Environment(NodePaths paths) => new Dictionary<string, string>
    {
        ["S_LOG_WRITER"] = ScriptOf(paths),
        ["S_LOG_BYTES"] = FileBytesMax.ToString(CultureInfo.InvariantCulture),
        ["S_LOG_FREE_KB"] = (paths.DiskReserveBytes >> 10).ToString(CultureInfo.InvariantCulture),
    };

    private static string ScriptOf(NodePaths paths) => Path.Combine(paths.State, "log-writer.sh");
}

using System.Globalization;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Cloud;

/// <summary>
/// Starts a detached server again when it dies or stops without being asked to: a shell of about one megabyte around <c>strata up</c>.
/// (Under systemd, run <c>strata up</c> in the foreground with Restart=on-failure instead.) What the server left running, instances and the
/// database, is adopted by the next one.
/// </summary>
/// <remarks>
/// Exit codes that end it: 0 (asked to stop), 2 (wrong usage), 130 and 143 (interrupted). A first start that fails is not repeated either:
/// the caller of <c>up</c> is shown why. A data folder that another process has taken ends it as well. After ten quiet minutes the pause is
/// short again.
/// </remarks>
internal static class Watchdog
{
    private const string Marker = "strata-watchdog";

    private const string Script = """
        n=0
        while :; do
          began=$(date +%s)
          STRATA_RESTARTS=$n "$@"; code=$?
          case $code in 0|2|130|143) exit $code;; esac
          if [ $n -eq 0 ] && [ $code -ne 75 ] && [ $code -lt 128 ]; then exit $code; fi
          if [ $code -eq 74 ]; then exit $code; fi
          if [ $(( $(date +%s) - began )) -gt 600 ]; then n=0; fi
          n=$((n + 1)); pause=$((n < 6 ? n * n : 30))
          echo "strata: the server ended with code $code; starting it again in $pause s"
          sleep $pause
        done
        """;

    /// <summary>Goes in front of the command of the server.</summary>
    public static IReadOnlyList<string> Command => ["/bin/sh", "-c", Script, Marker];

    /// <summary>Whether this start is a restart by a watchdog.</summary>
    public static bool IsRestart => Environment.GetEnvironmentVariable("STRATA_RESTARTS") is { Length: > 0 } and not "0";

    public static bool IsChildOf(int pid, int parent)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // Nothing of a process that ends at this moment.
            return stat.Length > 0
                && stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1] == parent.ToString(CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Whether a watchdog starts the server of a data folder again.</summary>
    public static bool Watches(HomeLayout home)
    {
        try
        {
            return Find(home) is not null;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static int? Find(HomeLayout home)
    {
        if (!File.Exists(home.WatchFile)) return null;
        if (!int.TryParse(File.ReadAllText(home.WatchFile), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) return null;
        var command = File.ReadAllText($"/proc/{pid}/cmdline").Split('\0');
        return command.Contains(Marker) && command.Contains(home.Root) ? pid : null;
    }

    /// <summary>Ends the watchdog of a data folder, and not its server. Does nothing where there is none.</summary>
    public static void Stop(HomeLayout home)
    {
        try
        {
            if (Find(home) is { } pid) ProcessSignals.Send(pid, ProcessSignals.Terminate);
            File.Delete(home.WatchFile);
        }
        catch (IOException)
        {
            // It has just ended.
        }
    }
}

using Strata.Core;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Cloud;

/// <summary>The settings of the server that runs: as its own command line and environment have them, which the shell that asks need not share.</summary>
internal static class RunningSettings
{
    /// <returns>Null where the server's process may not be read, or is just starting or ending.</returns>
    public static IReadOnlyList<SettingValue>? Read(HomeLayout home)
    {
        if (HomeLock.Find(home) is not { } cloud) return null;
        try
        {
            var flags = Flags(ReadList(cloud.Pid, "cmdline"));
            var environment = ReadList(cloud.Pid, "environ").Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).ToLookup(pair => pair[0], pair => pair[1]);
            return ServerOptionsReader.Resolve(home, flags, name => environment[name].FirstOrDefault()).TryGet(out var settings, out _) ? settings : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Both forms: <c>--api-port 9090</c> and <c>--api-port=9090</c>.</summary>
    private static Dictionary<string, string> Flags(IReadOnlyList<string> arguments)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Count; i++)
        {
            var parts = arguments[i].Split('=', 2);
            if (Setting.All.FirstOrDefault(s => s.Flag == parts[0]) is not { } setting) continue;
            if (parts.Length == 2) flags[setting.Name] = parts[1];
            else if (i + 1 < arguments.Count) flags[setting.Name] = arguments[++i];
        }
        return flags;
    }

    private static string[] ReadList(int pid, string what) => File.ReadAllText($"/proc/{pid}/{what}").Split('\0');
}

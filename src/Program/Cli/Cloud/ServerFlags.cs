using System.CommandLine;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Cli.Cloud;

/// <summary>The server's settings as flags of a command.</summary>
internal sealed class ServerFlags
{
    // So many that the help would be about them; "strata doctor" and the reference list them.
    private static readonly HashSet<Setting> Limits = [.. LimitSetting.All.Select(l => l.Setting)];

    private readonly Dictionary<Setting, Option<string?>> options =
        Setting.All.Where(s => s.HasFlag).ToDictionary(
            s => s, s =>
                new Option<string?>(s.Flag) { Hidden = Limits.Contains(s),
                    Description = s.Default.Length > 0 ? $"{s.Description} [{s.Default}]" : s.Description, HelpName = "VALUE" });

    public IEnumerable<Option> All => options.Values;

    /// <summary>Every setting with its source; CONFIG_INVALID where the settings file is faulty.</summary>
    public Result<IReadOnlyList<SettingValue>> Resolve(Run run) =>
        ServerOptionsReader.Resolve(new HomeLayout(run.Home), Given(run), Environment.GetEnvironmentVariable);

    /// <summary>As if there were no settings file.</summary>
    public IReadOnlyList<SettingValue> ResolveWithoutFile(Run run) =>
        ServerOptionsReader.ResolveWithoutFile(Given(run), Environment.GetEnvironmentVariable);

    public ServerOptions Read(Run run) => ServerOptionsReader.ToOptions(new HomeLayout(run.Home), Resolve(run).Value).Value;

    /// <summary>
    /// For a start: what neither the shell nor the settings file says is as at the last start, unless <paramref name="resets"/>.
    /// </summary>
    public ServerOptions ReadForStart(Run run, bool resets)
    {
        var home = new HomeLayout(run.Home);
        var settings = Resolve(run).Value;
        return ServerOptionsReader.ToOptions(home, resets ? settings : KeptSettings.ForStart(home, settings).Value).Value;
    }

    private Dictionary<string, string> Given(Run run) =>
        options.Select(o => (o.Key.Name, Value: run.Parse.GetValue(o.Value))).Where(f => f.Value is not null)
            .ToDictionary(f => f.Name, f => f.Value!);

    /// <summary>The given flags as arguments, for a process that is to do the same.</summary>
    public IEnumerable<string> ToArguments(Run run) =>
        options.Where(o => run.Parse.GetValue(o.Value) is not null).SelectMany(o => new[] { o.Key.Flag, run.Parse.GetValue(o.Value)! });
}

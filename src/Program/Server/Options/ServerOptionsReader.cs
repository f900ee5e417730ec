using System.Globalization;
using System.Net;
using Strata.Core;
using Strata.Secrets.Masters;

namespace Strata.Server.Options;

/// <summary>
/// Reads the server's settings: flags win over the environment, that over <c>strata.server.yaml</c> in the data folder, that over the
/// defaults.
/// </summary>
public static class ServerOptionsReader
{
    public const string FileName = "strata.server.yaml";

    /// <summary>Every setting with its source; CONFIG_INVALID where the file cannot be read or names what does not exist.</summary>
    /// <param name="flags">By the setting's name; only what was given.</param>
    public static Result<IReadOnlyList<SettingValue>> Resolve(
        HomeLayout home, IReadOnlyDictionary<string, string> flags, Func<string, string?> environment)
    {
        var path = Path.Combine(home.Root, FileName);
        if (!SettingsFile.Read(path).TryGet(out var file, out var error)) return error;
        return Setting.All.Select(s => Pick(s, flags, environment, file)).ToList();
    }

    /// <summary>As <see cref="Resolve"/>, as if there were no file: for what is said about one that is faulty.</summary>
    public static IReadOnlyList<SettingValue> ResolveWithoutFile(
        IReadOnlyDictionary<string, string> flags, Func<string, string?> environment) =>
        [.. Setting.All.Select(s => Pick(s, flags, environment, new Dictionary<string, SettingValue>()))];

    /// <summary>The options that the settings mean; every fault is reported, naming the setting and its source.</summary>
    public static Result<ServerOptions> ToOptions(HomeLayout home, IReadOnlyList<SettingValue> settings)
    {
        var faults = new List<string>();
        var values = settings.ToDictionary(s => s.Setting);
        var options = new ServerOptions
        {
            Home = home,
            Settings = settings,
            Listen = Read(values[Setting.Listen], "an IP address", IPAddress.Parse, faults) ?? IPAddress.Loopback,
            ApiPort = Read(values[Setting.ApiPort], "a port from 1 to 65535", Port, faults),
            HttpPort = Read(values[Setting.HttpPort], "a port from 1 to 65535", Port, faults),
            HttpsPort = Read(values[Setting.HttpsPort], "a port from 1 to 65535, or 0 for none", text => Whole(text, 0, 65535), faults),
            HttpsPublicPort = Read(values[Setting.HttpsPublicPort], "a port from 1 to 65535", PortOrNone, faults),
            EdgeMode = Read(values[Setting.EdgeMode], "in-process, inline or off", Mode, faults),
            PublicUrlSet = Read(values[Setting.PublicUrl], "an http or https address without a query, such as https://cloud.example.com",
                PublicUrl, faults),
            PeerAddressSet = Read(
                values[Setting.PeerAddress], "an http or https address without a path, such as http://10.0.0.5:8080", PeerAddress, faults),
            TrustedProxies = Read(
                values[Setting.TrustedProxies], "networks such as 127.0.0.1/32, separated by commas", AnyNetworks, faults) ?? [],
            EdgeTrustedProxies = Read(
                values[Setting.EdgeTrustedProxies], "networks such as 10.0.0.5/32, separated by commas", AnyNetworks, faults) ?? [],
            DnsHook = Read(values[Setting.DnsHook], "the path of a program that is there and may be run", Program, faults),
            MasterKeySet = Read(
                values[Setting.MasterKey], "file:PATH, env:VARIABLE or command:COMMAND",
                text => MasterKeySource.Parse(text, home.KeyFile, Environment.GetEnvironmentVariable), faults),
            PostgresUrl = values[Setting.PostgresUrl].IsHidden ? null
                : Read(values[Setting.PostgresUrl], "postgres://USER:PASSWORD@HOST:PORT/DATABASE, or a connection string with a host",
                    Options.PostgresUrl.Check, faults),
            BlobFolder = BucketSettings.Folder(values[Setting.Blobs]),
            BlobBucket = BucketSettings.Read(home, s => values[s], faults),
            Agent = Read(values[Setting.Agent], "on or off", OnOff, faults),
            EgressAllowed = Read(values[Setting.EgressAllow], "IPv4 networks such as 10.1.0.0/16, separated by commas", Networks, faults)
                ?? [],
            Mail = MailSetting.Read(s => values[s], faults),
            Telemetry = TelemetrySetting.Read(s => values[s], faults),
            Limits = LimitSetting.All.Aggregate(
                new ServerLimits(), (limits, l) => l.Apply(limits, Read(values[l.Setting], l.Expected, l.Parse, faults))),
            PrivateGit = Read(values[Setting.PrivateGit], "on or off", OnOff, faults),
            PrivateProviders = Read(values[Setting.PrivateProviders], "on or off", OnOff, faults),
            PrivateWebhooks = Read(values[Setting.PrivateWebhooks], "on or off", OnOff, faults),
        };
        (string Name, int Port)[] ports =
            [("api-port", options.ApiPort), ("http-port", options.HttpPort), ("https-port", options.HttpsPort)];
        // A default that the user has given to something else is no fault of theirs.
        if (values[Setting.HttpsPort].Source == SettingValue.DefaultSource && ports[..2].Any(p => p.Port == options.HttpsPort))
            (options, ports[2].Port) = (options with { HttpsPort = 0 }, 0);
        foreach (var same in ports.Where(p => p.Port > 0).GroupBy(p => p.Port).Where(g => g.Count() > 1 && faults.Count == 0))
            faults.Add($"{string.Join(" and ", same.Take(2).Select(p => p.Name))} are both {same.Key}, and must differ");
        return faults.Count == 0 ? options : Invalid(string.Join("; ", faults) + ".");
    }

    private static SettingValue Pick(
        Setting setting, IReadOnlyDictionary<string, string> flags, Func<string, string?> environment,
        IReadOnlyDictionary<string, SettingValue> file)
    {
        if (setting.HasFlag && flags.TryGetValue(setting.Name, out var flag))
            return new SettingValue(setting, flag, SettingValue.FlagSource + setting.Flag);
        if (environment(setting.Variable) is { Length: > 0 } variable)
            return new SettingValue(setting, variable, SettingValue.VariableSource + setting.Variable);
        return file.GetValueOrDefault(setting.Name) ?? SettingValue.DefaultOf(setting);
    }

    internal static string Fault(SettingValue value, string expected) =>
        $"{value.Setting.Name} (from {value.Source}) is {(value.Setting.IsSecret ? "not what it should be" : $"\"{value.Value}\"")}, but must be {expected}";

    internal static T? Read<T>(SettingValue value, string expected, Func<string, T> parse, List<string> faults)
    {
        try
        {
            return parse(value.Value);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            faults.Add(Fault(value, expected));
            return default;
        }
    }

    private static string? Program(string text)
    {
        if (text.Length == 0) return null;
        const UnixFileMode runnable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        var path = Path.GetFullPath(text);
        return File.Exists(path) && (File.GetUnixFileMode(path) & runnable) != 0 ? path : throw new FormatException();
    }

    private static int? PortOrNone(string text) => text.Length == 0 ? null : Port(text);

    private static int Port(string text) => Whole(text, 1, 65535);

    private static int Whole(string text, int min, int max) =>
        int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) is var number && number >= min && number <= max
            ? number : throw new FormatException();

    private static IReadOnlyList<IPNetwork> AnyNetworks(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(IPNetwork.Parse)];

    private static Uri? PublicUrl(string text)
    {
        if (text.Length == 0) return null;
        var isUrl = Uri.TryCreate(text, UriKind.Absolute, out var url)
            && url is { Scheme: "http" or "https", Query: "", Fragment: "", UserInfo: "" };
        return isUrl ? url : throw new FormatException();
    }

    private static Uri? PeerAddress(string text) => PublicUrl(text) is { AbsolutePath: not "/" }
        ? throw new FormatException() : PublicUrl(text);

    private static EdgeMode Mode(string text) => text switch
    {
        "in-process" => EdgeMode.InProcess,
        "inline" => EdgeMode.Inline,
        "off" => EdgeMode.Off,
        _ => throw new FormatException(),
    };

    /// <summary>Instances have no IPv6, so a network of it would promise what does not work.</summary>
    private static IReadOnlyList<IPNetwork> Networks(string text) =>
    [
        .. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(x => IPNetwork.Parse(x))
            .Select(x => x.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? x : throw new FormatException()),
    ];

    internal static bool OnOff(string text) =>
        text switch { "on" or "true" => true, "off" or "false" => false, _ => throw new FormatException() };

    internal static Error Invalid(string message) =>
        new(ErrorKind.Invalid, "CONFIG_INVALID", message, "\"strata doctor\" shows every setting and where it comes from.");
}

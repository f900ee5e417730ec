using System.Text.Json;
using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Server.Options;

/// <summary>
/// The settings of the last start that succeeded, kept in the data folder and used by the next one where neither a flag, nor a variable,
/// nor the settings file says anything else. Another shell that asks about the cloud, or starts it again, need not have them. Secrets, such
/// as the password in a database's address, are not kept: that one was set is.
/// </summary>
public static class KeptSettings
{
    /// <summary>In place of a value that is a secret.</summary>
    public const string Hidden = "(set)";

    private const string LastStart = "last start, ";

    /// <summary>Two ways to give one secret: a start that has either takes neither from the last one.</summary>
    private static readonly Setting[] BucketSecret = [Setting.BlobsSecretKey, Setting.BlobsSecretKeyFile];

    private const int BytesMax = 64 << 10;

    private sealed record Kept(string Name, string Value, string Source);

    internal static void Save(HomeLayout home, IReadOnlyList<SettingValue> settings) => AtomicFile.WritePrivate(
        home.SettingsFile, JsonSerializer.Serialize(
            [.. settings.Where(s => s.Source != SettingValue.DefaultSource).Select(Keep)], WireJson.Of<List<Kept>>()));

    /// <summary>Every setting as the last start in this data folder had it; null where none is known.</summary>
    public static IReadOnlyList<SettingValue>? Read(HomeLayout home) => Load(home).TryGet(out var kept, out _) ? kept : null;

    /// <summary>Null: there was no last start. SETTINGS_UNREADABLE: what it had is not known.</summary>
    private static Result<IReadOnlyList<SettingValue>?> Load(HomeLayout home)
    {
        var path = home.SettingsFile;
        if (!Path.Exists(path)) return Result.Of<IReadOnlyList<SettingValue>?>(null);
        try
        {
            using var file = UserFile.IsRegular(path) ? UserFile.Open(path) : null;
            if (file is null) return Unreadable(path, "it is not a plain file");
            if (file.Length > BytesMax) return Unreadable(path, "it is too large");
            var list = JsonSerializer.Deserialize(file, WireJson.Of<List<Kept?>>());
            if (list is null || list.Exists(k => k is not { Name: not null, Value: not null, Source: not null }))
                return Unreadable(path, "it is damaged");
            var kept = list.ToLookup(k => k!.Name);
            return Result.Of<IReadOnlyList<SettingValue>?>(
                [.. Setting.All.Select(s => kept[s.Name].FirstOrDefault() is { } k ? Restore(s, k) : SettingValue.DefaultOf(s))]);
        }
        catch (JsonException)
        {
            return Unreadable(path, "it is damaged");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Unreadable(path, "it cannot be read");
        }
    }

    /// <summary>A start that ignored them could run on another database.</summary>
    private static Error Unreadable(string path, string why) => new(
        ErrorKind.Invalid, "SETTINGS_UNREADABLE", $"The settings of the last start cannot be used: {path}: {why}.",
        "Restore or delete the file, or start with other settings: strata up --reset-settings");

    /// <summary>
    /// Settings with what the last start had from flags and variables, where <paramref name="settings"/> has nothing but a default: how the
    /// next start is meant to run.
    /// </summary>
    public static IReadOnlyList<SettingValue> Over(HomeLayout home, IReadOnlyList<SettingValue> settings)
    {
        var hasSecret = settings.Any(s => BucketSecret.Contains(s.Setting) && s.Source != SettingValue.DefaultSource);
        var kept = (Read(home) ?? []).Where(k => IsOfTheShell(k) && !(hasSecret && BucketSecret.Contains(k.Setting)))
            .ToDictionary(k => k.Setting);
        return [.. settings.Select(s => s.Source == SettingValue.DefaultSource && kept.TryGetValue(s.Setting, out var k)
            ? k with { Source = LastStart + SourceThen(k) } : s)];
    }

    /// <summary>
    /// As <see cref="Over"/>, for a start. SETTING_NEEDED where the last one had a secret, which is not kept: without it the cloud would
    /// run on other data, or send no mail.
    /// </summary>
    public static Result<IReadOnlyList<SettingValue>> ForStart(HomeLayout home, IReadOnlyList<SettingValue> settings)
    {
        if (Load(home) is { Error: { } unreadable }) return unreadable;
        var over = Over(home, settings);
        var isBucket = over.Any(s => s.Setting == Setting.Blobs && s.Value.StartsWith("s3:", StringComparison.Ordinal));
        var missing = over.FirstOrDefault(
            s => s.IsHidden && (s.Setting == Setting.PostgresUrl || s.Setting == MailSetting.SmtpUrl
                || (s.Setting == Setting.BlobsSecretKey && isBucket)));
        return missing is null ? Result.Of(over) : new Error(
            ErrorKind.Invalid, "SETTING_NEEDED",
            $"The last start of this cloud had {missing.Setting.Name} (from {SourceThen(missing)}), which is not kept because it is a secret, and this start does not have it.",
            $"Set {missing.Setting.Variable} again, or forget the settings of the last start with: strata up --reset-settings");
    }

    /// <summary>The flags of settings that come from the last start, for a message; empty: none does.</summary>
    public static string FlagsOfLastStart(IReadOnlyList<SettingValue> settings) =>
        string.Concat(settings.Where(s => s.Source.StartsWith(LastStart, StringComparison.Ordinal) && s.Setting.HasFlag && !s.IsSecret)
            .Select(ToFlag)).TrimStart();

    /// <summary>
    /// The command that starts the cloud of a data folder as it was started last: <c>strata up</c>, with the secrets that were set and are
    /// not set now.
    /// </summary>
    /// <param name="detached">With <c>-d</c>.</param>
    public static string StartCommand(HomeLayout home, bool detached)
    {
        var missing = (Read(home) ?? []).Where(s => s.IsHidden && !IsInTheEnvironment(s)).ToLookup(s => s.Setting.HasFlag);
        var variables = missing[false].Select(s => $"{s.Setting.Variable}=SECRET ");
        return string.Concat(variables) + (detached ? "strata up -d" : "strata up") + string.Concat(missing[true].Select(ToFlag));
    }

    /// <summary>What a secret is cannot be compared, because it is not kept.</summary>
    private static bool IsInTheEnvironment(SettingValue setting) =>
        Environment.GetEnvironmentVariable(setting.Setting.Variable) is { Length: > 0 };

    /// <summary>
    /// The command of a start with the flags of <paramref name="settings"/>, but for one setting that gets another value.
    /// </summary>
    internal static string StartCommand(IEnumerable<SettingValue> settings, Setting changed, string value) =>
        "strata up" + string.Concat(settings.Where(s => s.Setting != changed && s.IsFromFlag)
            .Append(new SettingValue(changed, value, SettingValue.FlagSource)).Select(ToFlag));

    private static bool IsOfTheShell(SettingValue setting) => SourceThen(setting) is var source
        && (source.StartsWith(SettingValue.FlagSource, StringComparison.Ordinal)
            || source.StartsWith(SettingValue.VariableSource, StringComparison.Ordinal));

    /// <summary>Where it came from at the start that was first given it.</summary>
    private static string SourceThen(SettingValue setting) =>
        setting.Source.StartsWith(LastStart, StringComparison.Ordinal) ? setting.Source[LastStart.Length..] : setting.Source;

    private static Kept Keep(SettingValue setting) => new(setting.Setting.Name, setting.IsSecret ? Hidden : setting.Value, setting.Source);

    private static SettingValue Restore(Setting setting, Kept kept) =>
        new(setting, kept.Value, kept.Source) { IsHidden = setting.IsSecret && kept.Value == Hidden };

    private static string ToFlag(SettingValue setting) =>
        $" {setting.Setting.Flag} {(setting.IsSecret ? "URL" : ShellWord.Of(setting.Value))}";
}

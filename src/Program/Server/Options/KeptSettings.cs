using System.Text.Json;
using Strata.Core;

namespace Strata.Server.Options;

/// <summary>
/// The settings that a server was started with, kept in its data folder: flags and variables are those of the shell that started it, and another shell that asks about
/// the cloud, or starts it again, need not have them. Secrets, such as the password in a database's address, are not kept.
/// </summary>
public static class KeptSettings
{
    /// <summary>In place of a value that is a secret.</summary>
    public const string Hidden = "(set)";

    private const string FlagSource = "flag ";
    private const string VariableSource = "environment ";

    private sealed record Kept(string Name, string Value, string Source);

    internal static void Save(HomeLayout home, IReadOnlyList<SettingValue> settings) => AtomicFile.WritePrivate(
        home.SettingsFile, JsonSerializer.Serialize([.. settings.Where(s => s.Source != SettingValue.DefaultSource).Select(Keep)], WireJson.Of<List<Kept>>()));

    /// <summary>Every setting as the last start in this data folder had it; null where none is known.</summary>
    public static IReadOnlyList<SettingValue>? Read(HomeLayout home)
    {
        try
        {
            var kept = JsonSerializer.Deserialize(File.ReadAllBytes(home.SettingsFile), WireJson.Of<List<Kept>>())!.ToLookup(k => k.Name);
            return [.. Setting.All.Select(s => kept[s.Name].FirstOrDefault() is { } k ? Restore(s, k) : SettingValue.DefaultOf(s))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Settings with what the last start had from flags and variables, where nothing in <paramref name="settings"/> has a flag or variable of its own: how the cloud
    /// is meant to run, as far as this data folder knows.
    /// </summary>
    public static IReadOnlyList<SettingValue> Over(HomeLayout home, IReadOnlyList<SettingValue> settings)
    {
        var kept = (Read(home) ?? []).Where(IsOfTheShell).ToDictionary(k => k.Setting);
        return [.. settings.Select(s => !IsOfTheShell(s) && kept.TryGetValue(s.Setting, out var k) ? k with { Source = $"last start, {k.Source}" } : s)];
    }

    /// <summary>
    /// The command that starts the cloud of a data folder as it was started last: <c>strata up</c> with the flags for it, also for variables that
    /// are not set now.
    /// </summary>
    /// <param name="detached">With <c>-d</c>.</param>
    public static string StartCommand(HomeLayout home, bool detached)
    {
        var missing = (Read(home) ?? []).Where(s => IsOfTheShell(s) && !IsInTheEnvironment(s)).ToLookup(s => s.Setting.HasFlag);
        var variables = missing[false].Select(s => $"{s.Setting.Variable}={(s.IsSecret ? "SECRET" : ShellWord.Of(s.Value))} ");
        return string.Concat(variables) + (detached ? "strata up -d" : "strata up") + string.Concat(missing[true].Select(ToFlag));
    }

    /// <summary>What a secret is cannot be compared, because it is not kept.</summary>
    private static bool IsInTheEnvironment(SettingValue setting) =>
        Environment.GetEnvironmentVariable(setting.Setting.Variable) is { Length: > 0 } value && (setting.IsSecret || value == setting.Value);

    /// <summary>The command of a start with the flags of <paramref name="settings"/>, but for one setting that gets another value.</summary>
    internal static string StartCommand(IEnumerable<SettingValue> settings, Setting changed, string value) =>
        "strata up" + string.Concat(settings.Where(s => s.Setting != changed && s.Source.StartsWith(FlagSource, StringComparison.Ordinal))
            .Append(new SettingValue(changed, value, FlagSource)).Select(ToFlag));

    private static bool IsOfTheShell(SettingValue setting) =>
        setting.Source.StartsWith(FlagSource, StringComparison.Ordinal) || setting.Source.StartsWith(VariableSource, StringComparison.Ordinal);

    private static Kept Keep(SettingValue setting) => new(setting.Setting.Name, setting.IsSecret ? Hidden : setting.Value, setting.Source);

    private static SettingValue Restore(Setting setting, Kept kept) =>
        new(setting, kept.Value, kept.Source) { IsHidden = setting.IsSecret && kept.Value == Hidden };

    private static string ToFlag(SettingValue setting) => $" {setting.Setting.Flag} {(setting.IsSecret ? "URL" : ShellWord.Of(setting.Value))}";
}

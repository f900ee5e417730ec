using Strata.Server.Options;

namespace Strata.Server.Tests.Options;

/// <summary>docs/settings.md holds each setting as the program has it, in its order.</summary>
public sealed class SettingsPageTests
{
    [Fact]
    public void SettingsPage_HasEachSetting_AsItIs()
    {
        var told = File.ReadLines(Path.Combine(Root(), "docs", "settings.md"))
            .Where(line => (line.StartsWith("| `--", StringComparison.Ordinal) || line.StartsWith("| (none)", StringComparison.Ordinal))
                && line.Count(c => c == '|') == 6);
        var expected = Setting.All.Select(Row).ToList();
        Assert.True(told.SequenceEqual(expected), "The table of docs/settings.md should be:\n" + string.Join('\n', expected));
    }

    private static string Row(Setting setting) =>
        $"| {(setting.HasFlag ? $"`{setting.Flag}`" : "(none)")} | `{setting.Variable}` | `{setting.Field}` | {(setting.Default.Length > 0 ? $"`{setting.Default}`" : "")} | {setting.Description} |";

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Strata.slnx"))) folder = folder.Parent;
        return folder.FullName;
    }
}

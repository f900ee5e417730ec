using System.Text.Json;

namespace Strata.Cli.Developing;

/// <summary>How the member of a folder is started, found from its files. Stateless.</summary>
internal static class StartCommand
{
    private static readonly string[] Scripts = ["dev", "start"];
    private static readonly string[] PythonFiles = ["member.py", "main.py", "app.py"];

    /// <summary>Of the folder's own virtual environment, which has its packages.</summary>
    private const string OwnPython = ".venv/bin/python";

    /// <summary>Null if it does not say.</summary>
    public static string? Of(string folder)
    {
        if (ScriptOf(Path.Combine(folder, "package.json")) is { } script) return $"npm run --silent {script}";
        if (Directory.EnumerateFiles(folder, "*.csproj").Order(StringComparer.Ordinal).FirstOrDefault() is { } project)
            return $"dotnet run --project '{Path.GetFileName(project)}'";
        var python = File.Exists(Path.Combine(folder, OwnPython)) ? OwnPython : "python3";
        return PythonFiles.FirstOrDefault(f => File.Exists(Path.Combine(folder, f))) is { } file ? $"{python} {file}" : null;
    }

    private static string? ScriptOf(string package)
    {
        if (!File.Exists(package)) return null;
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(package));
            return json.RootElement.TryGetProperty("scripts", out var scripts)
                ? Scripts.FirstOrDefault(s => scripts.TryGetProperty(s, out _)) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // npm will say what is wrong with it
        }
    }
}

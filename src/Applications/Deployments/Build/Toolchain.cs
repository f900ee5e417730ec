using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Deployments.Build;

/// <summary>The machine's own programs that stack <c>host</c> builds and runs with. Safe for concurrent use.</summary>
internal sealed partial class Toolchain
{
    private static readonly string[] Folders = ["/usr/local/bin", "/usr/bin", "/bin"];
    private static readonly TimeSpan VersionTimeout = TimeSpan.FromSeconds(5);

    private static readonly Dictionary<string, Tool> Known = new(StringComparer.Ordinal)
    {
        ["node"] = new("Node", "apt-get install -y nodejs"),
        ["npm"] = new("npm", "apt-get install -y npm"),
        ["dotnet"] = new(".NET", "https://learn.microsoft.com/dotnet/core/install/linux"),
        ["python3"] = new("Python", "apt-get install -y python3"),
        ["pip"] = new("pip", "apt-get install -y python3-pip"),
    };

    private readonly ConcurrentDictionary<string, string?> versions = new(StringComparer.Ordinal);

    /// <summary>Fails for the first missing tool.</summary>
    public static Result<Done> Check(IReadOnlyList<string> tools)
    {
        foreach (var tool in tools)
        {
            if (!IsThere(tool)) return BuildErrors.ToolMissing(Known[tool].Title, Known[tool].Install);
        }
        return default(Done);
    }

    /// <summary>
    /// For example <c>Node 20.19.2</c>; null if the tool does not report it. Queried once for each state of the program's file.
    /// </summary>
    public async Task<string?> DescribeAsync(string tool, CancellationToken cancellationToken)
    {
        if (PathOf(tool) is not { } path) return null;
        var key = path + File.GetLastWriteTimeUtc(path).Ticks;
        if (versions.TryGetValue(key, out var known)) return known;
        return versions[key] = await AskAsync(path, cancellationToken) is { } version ? $"{Known[tool].Title} {version}" : null;
    }

    private static bool IsThere(string tool) => tool == "pip"
        ? Directory.Exists("/usr/lib/python3/dist-packages/pip") || PathOf("pip3") is not null
        : PathOf(tool) is not null;

    private static string? PathOf(string tool) => Folders.Select(x => Path.Combine(x, tool)).FirstOrDefault(File.Exists);

    private static async Task<string?> AskAsync(string path, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(VersionTimeout);
        try
        {
            var environment = new Dictionary<string, string> { ["PATH"] = string.Join(':', Folders), ["HOME"] = "/tmp",
                ["DOTNET_NOLOGO"] = "1" };
            var end = await BareCommand.RunAsync(path, ["--version"], "/", environment, limit.Token);
            return end.ExitCode == 0 && Version().Match(end.Words) is { Success: true } found ? found.Value : null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\d+(\.\d+)+")]
    private static partial Regex Version();

    private sealed record Tool(string Title, string Install);
}

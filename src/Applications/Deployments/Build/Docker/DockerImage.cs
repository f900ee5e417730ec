using System.Globalization;
using System.Text.Json;
using Strata.Contracts;

namespace Strata.Deployments.Build.Docker;

/// <summary>What Docker reports about an image that it has built. Names are Docker's.</summary>
internal sealed record DockerImage
{
    /// <summary>For <c>docker image inspect --format</c>: only what is read, since labels and histories may be long.</summary>
    public const string Format =
        """{"Size":{{.Size}},"Entrypoint":{{json .Config.Entrypoint}},"Cmd":{{json .Config.Cmd}},"Env":{{json .Config.Env}},"WorkingDir":{{json .Config.WorkingDir}},"User":{{json .Config.User}},"ExposedPorts":{{json .Config.ExposedPorts}}}""";

    public long Size { get; init; }
    public IReadOnlyList<string>? Entrypoint { get; init; }
    public IReadOnlyList<string>? Cmd { get; init; }
    public IReadOnlyList<string>? Env { get; init; }
    public string? WorkingDir { get; init; }
    public string? User { get; init; }
    public IReadOnlyDictionary<string, JsonElement>? ExposedPorts { get; init; }

    public IReadOnlyList<string> Command => [.. Entrypoint ?? [], .. Cmd ?? []];

    /// <summary>The lowest TCP port that it exposes, since Docker does not keep their order; null: none.</summary>
    public int? Port => (ExposedPorts?.Keys ?? [])
        .Where(x => x.EndsWith("/tcp", StringComparison.Ordinal))
        .Select(x => int.TryParse(x.AsSpan(0, x.Length - 4), CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port : (int?)null)
        .Min();

    /// <summary>Null if it is not output of Docker.</summary>
    public static DockerImage? Parse(string output)
    {
        try
        {
            return output.Split('\n').FirstOrDefault(x => x.StartsWith('{')) is { } line
                ? JsonSerializer.Deserialize<DockerImage>(line) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>
    /// Its variables, overridden by these. What an image sets is text: it refers to no secret of the project.
    /// </summary>
    public Dictionary<string, string> EnvUnder(IReadOnlyDictionary<string, string> env)
    {
        var merged = new Dictionary<string, string>();
        foreach (var pair in (Env ?? []).Select(x => x.Split('=', 2)).Where(x => x.Length == 2))
            merged[pair[0]] = VariableReference.Escape(pair[1]);
        foreach (var (name, value) in env) merged[name] = value;
        return merged;
    }
}

using System.Text.Json;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Data;

/// <summary>Calls of the entity API with answers in JSON.</summary>
internal static class EntityCalls
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = JsonGuard.DepthMax + 8 };

    public static Task<JsonElement> GetAsync(this Run run, string path, CancellationToken cancellationToken) =>
        run.CallAsync(new ApiRequest(HttpMethod.Get, path), cancellationToken);

    public static async Task<JsonElement> CallAsync(this Run run, ApiRequest request, CancellationToken cancellationToken) =>
        Parse(await run.Client.SendAsync(request, cancellationToken));

    public static JsonElement Parse(ReadOnlyMemory<byte> json)
    {
        if (json.IsEmpty) return default;
        using var document = JsonDocument.Parse(json, Deep);
        return document.RootElement.Clone();
    }

    /// <summary>The path with the parameters that are given, escaped.</summary>
    public static string With(string path, params ReadOnlySpan<(string Name, string? Value)> query)
    {
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        foreach (var (name, value) in query)
        {
            if (value is null) continue;
            path += $"{separator}{name}={Uri.EscapeDataString(value)}";
            separator = '&';
        }
        return path;
    }

    /// <summary>As the API reads times.</summary>
    public static string? Rfc3339(DateTimeOffset? time) => time?.UtcDateTime.ToString("O");

    public static string EntityPath(string id, string rest = "") => $"/api/entity/{Id(id)}{rest}";

    /// <summary>An id that is none could lead to another path than the one meant.</summary>
    public static string Id(string id) => Guid.TryParseExact(id, "D", out _)
        ? id
        : throw UsageErrors.Of($"\"{id}\" is not an entity's id.", "Ids look like 0198f1c2-…; \"strata entity list MODEL\" shows them.")
        .ToException();
}

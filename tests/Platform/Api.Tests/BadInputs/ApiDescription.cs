using System.Text.Json;
using System.Text.Json.Nodes;

namespace Strata.Api.Tests.BadInputs;

/// <summary>One endpoint, as /openapi.json describes it.</summary>
/// <param name="Permission">Null: open to everyone.</param>
/// <param name="Repeatable">Why a write may be sent again without an Idempotency-Key; null where it takes one, and for reads.</param>
/// <param name="Body">The schema of a JSON body; null: the endpoint takes none, or one that is no JSON.</param>
internal sealed record DescribedEndpoint(
    string Method, string Path, string? Permission, IReadOnlyList<DescribedParameter> Parameters, string? MediaType, JsonNode? Body,
    JsonNode? Example,
    string? Repeatable)
{
    public bool IsJson => MediaType?.EndsWith("json", StringComparison.Ordinal) == true;

    public IEnumerable<DescribedParameter> In(string place) => Parameters.Where(p => p.In == place);

    public override string ToString() => $"{Method} {Path}";
}

internal sealed record DescribedParameter(string Name, string In, JsonNode Schema);

/// <summary>Reads the API's description; references are resolved where they are used.</summary>
internal sealed class ApiDescription(JsonNode document)
{
    public static ApiDescription Parse(string json) => new(JsonNode.Parse(json, null, new JsonDocumentOptions { MaxDepth = 200 })!);

    public IReadOnlyList<DescribedEndpoint> Endpoints =>
        [.. document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject().Select(m => Read(p.Key, m.Key, m.Value!)))];

    public JsonNode Resolve(JsonNode schema) =>
        schema is JsonObject && schema["$ref"]?.GetValue<string>() is { } reference
            ? reference.TrimStart('#', '/').Split('/').Aggregate(document, (node, step) => node[step]!)
            : schema;

    private DescribedEndpoint Read(string path, string method, JsonNode operation)
    {
        var content = operation["requestBody"]?["content"]?.AsObject().FirstOrDefault();
        var parameters = operation["parameters"]?.AsArray()
            .Select(p => new DescribedParameter(Text(p!, "name"), Text(p!, "in"), p!["schema"]!)).ToArray() ?? [];
        return new DescribedEndpoint(
            method.ToUpperInvariant(), path, operation["x-permission"]?.GetValue<string>(), parameters,
            content?.Key, content?.Value?["schema"] is { } schema ? Resolve(schema) : null, content?.Value?["example"],
            operation["x-repeatable"]?.GetValue<string>());
    }

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();
}

using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace Strata.Api.Tests.Described;

/// <summary>An operation, as /openapi.json has it.</summary>
/// <param name="Segments">Of its path; a parameter begins with a brace.</param>
internal sealed record AnsweredOperation(string Method, string Path, string[] Segments, JsonObject Node)
{
    public string Id { get; } = (string)Node["operationId"]!;

    /// <summary>How many segments are literal, or -1: the path does not fit.</summary>
    public int Fit(string[] path)
    {
        if (path.Length != Segments.Length) return -1;
        var literal = 0;
        for (var i = 0; i < path.Length; i++)
        {
            if (Segments[i].StartsWith('{')) continue;
            if (Segments[i] != path[i]) return -1;
            literal++;
        }
        return literal;
    }
}

/// <summary>Compares answers with the schemas that a description has for them. Safe for concurrent use.</summary>
internal sealed class AnswerCheck
{
    private const string Components = "#/components/schemas/";

    private static readonly EvaluationOptions Options = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    private readonly JsonNode description;
    private readonly ConcurrentDictionary<string, JsonSchema> compiled = new(StringComparer.Ordinal);

    private AnswerCheck(JsonNode description)
    {
        this.description = description;
        Operations = [.. from path in description["paths"]!.AsObject()
                         from operation in path.Value!.AsObject()
                         select new AnsweredOperation(
                             operation.Key.ToUpperInvariant(), path.Key, path.Key.Split('/'), operation.Value!.AsObject())];
    }

    public IReadOnlyList<AnsweredOperation> Operations { get; }

    public static AnswerCheck Parse(string json) => new(JsonNode.Parse(json, null, new JsonDocumentOptions { MaxDepth = 200 })!);

    /// <summary>Null: the description does not have it.</summary>
    public AnsweredOperation? Find(string method, string path)
    {
        var plain = path.Split('?')[0];
        var segments = (plain == "/" ? plain : plain.TrimEnd('/')).Split('/');
        return Operations.Where(o => o.Method == method).Select(o => (Operation: o, Fit: o.Fit(segments))).Where(x => x.Fit >= 0)
            .OrderByDescending(x => x.Fit).Select(x => x.Operation).FirstOrDefault();
    }

    /// <returns>What differs; null: nothing.</returns>
    public string? Check(AnsweredOperation operation, int status, string? mediaType, string body)
    {
        if (status >= 400 && mediaType == "application/problem+json") return CheckProblem(body);
        if (operation.Node["responses"]?[$"{status}"] is not JsonObject response) return $"the status {status} is not described";
        if (response["content"] is not JsonObject content) return body.Length == 0 ? null : "a body is not described";
        if (mediaType is null && body.Length == 0)
            return content.Any(c => c.Key.EndsWith("json", StringComparison.Ordinal)) ? "no body" : null;
        if (mediaType is null) return "the content type is missing";
        if (content[mediaType] is not { } described) return $"the type {mediaType} is not described";
        if (!mediaType.EndsWith("json", StringComparison.Ordinal)) return null;
        var name = $"{operation.Id} {status} {mediaType}";
        if (mediaType != "application/x-ndjson") return Compare(name, described["schema"]!, body);
        return body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Compare(name, described["schema"]!, line))
            .FirstOrDefault(fault => fault is not null);
    }

    public string? CheckProblem(string body) => Compare("problem", new JsonObject { ["$ref"] = Components + "Problem" }, body);

    /// <summary>For examples, too.</summary>
    public string? Compare(string name, JsonNode schema, string body)
    {
        using var instance = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 200 });
        var results = compiled.GetOrAdd(name, _ => Compile(schema)).Evaluate(instance.RootElement, Options);
        if (results.IsValid) return null;
        var faults = (results.Details ?? []).Where(d => d.Errors is { Count: > 0 })
            .SelectMany(d => d.Errors!.Select(e => $"{d.InstanceLocation}: {e.Value}")).Distinct().Take(8);
        return $"{string.Join("; ", faults)} in {(body.Length <= 1000 ? body : body[..1000])}";
    }

    /// <summary>Components become definitions, which JSON Schema knows.</summary>
    private JsonSchema Compile(JsonNode schema)
    {
        var whole = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["allOf"] = new JsonArray(schema.DeepClone()),
            ["$defs"] = description["components"]!["schemas"]!.DeepClone(),
        };
        return JsonSchema.FromText(whole.ToJsonString().Replace(Components, "#/$defs/", StringComparison.Ordinal));
    }
}

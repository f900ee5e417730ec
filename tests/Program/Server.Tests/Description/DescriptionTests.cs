using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Strata.Server.Tests.Description;

/// <summary>
/// /openapi.json of the whole product, as generators of clients read it: typed answers, no two paths that are one, unique ids.
/// </summary>
[Collection(DescribedApi.Name)]
public sealed partial class DescriptionTests(WholeApi api)
{
    /// <summary>Successes without a schema, each with its reason.</summary>
    private static readonly Dictionary<string, string> WithoutSchema = new(StringComparer.Ordinal)
    {
        ["headBlob"] = "HEAD has no content.",
        ["listSubscriptions"] = "It always fails, with 501.",
        ["revokeToken"] = "An empty object (RFC 7009 has no content).",
    };

    /// <summary>The contract's: POST names a model and its version where PUT and PATCH name an entity and a transition.</summary>
    private static readonly string[] SamePaths = ["/api/entity/JSON/{}/{}", "/api/entity/XML/{}/{}"];

    [Fact]
    public async Task EachSuccess_HasASchema()
    {
        var empty = from operation in await OperationsAsync()
                    from response in operation.Node["responses"]!.AsObject()
                    where response.Key.StartsWith('2') && response.Key != "204" && !operation.IsRpc
                        && !WithoutSchema.ContainsKey(operation.Id)
                    where response.Value!["content"] is not JsonObject content || content.Any(c => IsEmpty(c.Value!["schema"]))
                    select $"{operation.Id}: {response.Key}";
        Assert.Empty(empty);
    }

    [Fact]
    public async Task Paths_DifferByMoreThanNamesOfParameters()
    {
        var paths = (await OperationsAsync()).Select(o => o.Path).Distinct().GroupBy(p => Parameter().Replace(p, "{}"))
            .Where(g => g.Count() > 1);
        Assert.Equal(SamePaths, paths.Select(g => g.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Operations_HaveUniqueIds_AndTagsThatAreDescribed()
    {
        var description = await ReadAsync();
        var operations = await OperationsAsync();
        Assert.Empty(operations.GroupBy(o => o.Id).Where(g => g.Count() > 1).Select(g => g.Key));
        var tags = description["tags"]!.AsArray().Where(t => ((string?)t!["description"])?.Length > 0).Select(t => (string)t!["name"]!);
        Assert.Empty(operations.SelectMany(o => o.Node["tags"]!.AsArray().Select(t => (string)t!)).Except(tags));
        Assert.NotEmpty(description["servers"]!.AsArray());
        Assert.All(operations, o => Assert.False(string.IsNullOrWhiteSpace((string?)o.Node["summary"]), o.Id));
    }

    /// <summary>What a kind's specification asks for is in the example of its creation.</summary>
    [Fact]
    public async Task Examples_HaveEachRequiredMember()
    {
        var schemas = (await ReadAsync())["components"]!["schemas"]!;
        var missing = from operation in await OperationsAsync()
                      let content = operation.Node["requestBody"]?["content"]?["application/json"]
                      where content?["example"] is not null
                      from fault in Missing(content["schema"]!, content["example"]!, schemas, operation.Id)
                      select fault;
        Assert.Empty(missing);
    }

    [Fact]
    public async Task Root_LeadsToTheReferenceAndTheDescription()
    {
        var root = JsonNode.Parse(await api.Http.GetStringAsync("/", TestContext.Current.CancellationToken))!;
        Assert.Contains(
            "<html", await api.Http.GetStringAsync((string)root["docs"]!, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal("/openapi.json", (string)root["openapi"]!);
    }

    private static IEnumerable<string> Missing(JsonNode schema, JsonNode example, JsonNode schemas, string at)
    {
        if ((string?)schema["$ref"] is { } reference) schema = schemas[reference.Split('/')[^1]]!;
        foreach (var name in (schema["required"] as JsonArray ?? []).Select(r => (string)r!))
        {
            if (example[name] is not { } value) yield return $"{at}.{name}";
            else if (value is JsonObject && schema["properties"]?[name] is { } inner)
            {
                foreach (var fault in Missing(inner, value, schemas, $"{at}.{name}")) yield return fault;
            }
        }
    }

    private static bool IsEmpty(JsonNode? schema) => schema is not JsonObject node || node.Count == 0
        || (node["properties"] is JsonObject { Count: 0 } && (bool?)(node["additionalProperties"] as JsonValue) != false)
        || ((string?)(node["type"] as JsonValue) == "object" && node.Count == 1)
        || ((string?)(node["type"] as JsonValue) == "array" && IsEmpty(node["items"]));

    private async Task<JsonNode> ReadAsync() =>
        JsonNode.Parse(await api.Http.GetStringAsync("/openapi.json", TestContext.Current.CancellationToken))!;

    private async Task<List<DescribedOperation>> OperationsAsync() =>
    [
        .. (await ReadAsync())["paths"]!.AsObject().SelectMany(
            p => p.Value!.AsObject().Select(m => new DescribedOperation(p.Key, (string)m.Value!["operationId"]!, m.Value!.AsObject()))),
    ];

    /// <param name="Node">As it is in the description.</param>
    private sealed record DescribedOperation(string Path, string Id, JsonObject Node)
    {
        /// <summary>Described by its .proto file: reflection and sdk have it.</summary>
        public bool IsRpc => Path.Split('/')[1].Contains('.', StringComparison.Ordinal) && Path.Count(c => c == '/') == 2;
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}

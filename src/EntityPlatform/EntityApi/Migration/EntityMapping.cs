using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.EntityApi.Migration;

/// <summary>
/// How documents of one version become documents of another: rules that are applied in their order. <c>move</c> (or <c>rename</c>) takes a
/// value to another place, <c>default</c> sets what is missing or null, <c>drop</c> removes. Paths name members only. Numbers keep their
/// text. Immutable.
/// </summary>
internal sealed class EntityMapping
{
    public const int RulesMax = 200;

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = JsonGuard.DepthMax };
    private static readonly JsonSerializerOptions Writing = new() { Encoder = WireJson.Options.Encoder, MaxDepth = JsonGuard.DepthMax };

    private readonly IReadOnlyList<Action<JsonObject>> rules;

    private EntityMapping(IReadOnlyList<Action<JsonObject>> rules) => this.rules = rules;

    /// <param name="faults">Every fault, each naming its rule.</param>
    public static EntityMapping Read(JsonElement rules, List<ValidationError> faults)
    {
        var read = new List<Action<JsonObject>>();
        if (rules.ValueKind != JsonValueKind.Array || rules.GetArrayLength() > RulesMax)
        {
            faults.Add(new ValidationError("rules", $"It must be an array of at most {RulesMax} rules."));
            return new EntityMapping(read);
        }
        foreach (var (rule, i) in rules.EnumerateArray().Select((r, i) => (r, i)))
        {
            if (ReadRule(rule) is { } action) read.Add(action);
            else faults.Add(
                new ValidationError(
                    $"rules[{i}]",
                    "It must be {move: {from, to}}, {rename: {from, to}}, {default: {path, value}} or {drop: path}; paths such as $.a.b name members."));
        }
        return new EntityMapping(read);
    }

    public Result<JsonText> Apply(JsonText document)
    {
        if (rules.Count == 0) return document;
        if (JsonNode.Parse(document.Utf8.Span, documentOptions: Reading) is not JsonObject root) return document;
        foreach (var rule in rules) rule(root);
        return JsonGuard.Check(JsonSerializer.SerializeToUtf8Bytes(root, Writing));
    }

    private static Action<JsonObject>? ReadRule(JsonElement rule)
    {
        if (rule.ValueKind != JsonValueKind.Object || rule.EnumerateObject().ToArray() is not [var one]) return null;
        return one.Name switch
        {
            "move" or "rename" => ReadMove(one.Value),
            "default" => ReadDefault(one.Value),
            "drop" => ReadPath(one.Value) is { } path ? root => Take(root, path) : null,
            _ => null,
        };
    }

    private static Action<JsonObject>? ReadMove(JsonElement rule)
    {
        if (!HasOnly(rule, "from", "to") || ReadPath(rule.GetProperty("from")) is not { } from
            || ReadPath(rule.GetProperty("to")) is not { } to) return null;
        return root =>
        {
            if (Take(root, from) is { Found: true } taken) Put(root, to, taken.Value);
        };
    }

    private static Action<JsonObject>? ReadDefault(JsonElement rule)
    {
        if (!HasOnly(rule, "path", "value") || ReadPath(rule.GetProperty("path")) is not { } path) return null;
        var value = rule.GetProperty("value").Clone();
        return root =>
        {
            if (Parent(root, path, makes: false) is not { } parent || parent[path[^1]] is null)
                Put(root, path, JsonNode.Parse(value.GetRawText(), documentOptions: Reading));
        };
    }

    private static bool HasOnly(JsonElement rule, string first, string second) =>
        rule.ValueKind == JsonValueKind.Object && rule.EnumerateObject().Count() == 2 && rule.TryGetProperty(first, out _)
            && rule.TryGetProperty(second, out _);

    private static string[]? ReadPath(JsonElement text) =>
        text.ValueKind == JsonValueKind.String && JsonPath.TryParse(text.GetString()!, out var path) && path.Steps.Count > 0
            && path.Steps.All(s => s.Name is not null)
            ? [.. path.Steps.Select(s => s.Name!)]
            : null;

    private static (bool Found, JsonNode? Value) Take(JsonObject root, string[] path)
    {
        if (Parent(root, path, makes: false) is not { } parent || !parent.TryGetPropertyValue(path[^1], out var value)) return default;
        parent.Remove(path[^1]);
        return (true, value);
    }

    /// <summary>A value in the way that is not an object is replaced: the check against the model reports what was lost.</summary>
    private static void Put(JsonObject root, string[] path, JsonNode? value) => Parent(root, path, makes: true)![path[^1]] = value;

    private static JsonObject? Parent(JsonObject root, string[] path, bool makes)
    {
        var at = root;
        foreach (var name in path.AsSpan(0, path.Length - 1))
        {
            if (at[name] is not JsonObject next)
            {
                if (!makes) return null;
                at[name] = next = [];
            }
            at = next;
        }
        return at;
    }
}

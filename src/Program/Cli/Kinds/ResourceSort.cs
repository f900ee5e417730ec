using System.Text.Json;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Kinds;

/// <summary>
/// Sorts resources by <c>--sort</c>: numbers come before text and that before truth values; what lacks the field comes last either way.
/// </summary>
internal static class ResourceSort
{
    private static readonly string[] Own =
        ["name", "state", "createdAt", "updatedAt", "updatedBy", "transition", "revision", "id", "project", "org"];

    private static readonly string[] Roots = ["spec.", "status.", "labels."];

    public static async Task<List<AnyResource>> SortAsync(
        Run run, KindInfo kind, string expression, List<AnyResource> resources, CancellationToken cancellationToken)
    {
        var keys = SortExpression.Parse([expression]).Value.Select(Read).ToList();
        var rows = resources.Select(r => (Resource: r, Json: ResourceOutput.ToJson(r))).ToList();
        foreach (var (path, _) in keys.Where(k => rows.All(r => At(r.Json, k.Path) is null)))
            await RequireAsync(run, kind, path, cancellationToken);
        var sorted = rows.OrderBy(_ => 0);
        foreach (var (path, descending) in keys)
            sorted = sorted.ThenBy(r => At(r.Json, path), Comparer<JsonElement?>.Create((a, b) => Compare(a, b, descending)));
        return [.. sorted.ThenBy(r => r.Resource.Name, StringComparer.Ordinal).Select(r => r.Resource)];
    }

    private static (string Path, bool Descending) Read(string key) =>
        key.EndsWith(":desc", StringComparison.Ordinal) ? (key[..^5], true) : (key, false);

    /// <summary>
    /// None of the resources has it: a field of the kind may be empty everywhere, another is a mistake. The server knows.
    /// </summary>
    private static async Task RequireAsync(Run run, KindInfo kind, string path, CancellationToken cancellationToken)
    {
        if (Own.Contains(path)) return;
        if (!Roots.Any(root => path.StartsWith(root, StringComparison.Ordinal) && path.Length > root.Length))
            throw Unknown(kind, path, $"Write {string.Join(", ", Own)}, or a field such as spec.… or status.….").ToException();
        try
        {
            var filter = new ResourceFilter { Fields = new Dictionary<string, string> { [path] = "-" }, Limit = 1 };
            await run.Client.Resources(kind.Plural).ListAsync(filter, cancellationToken).AnyAsync(cancellationToken);
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.Invalid)
        {
            throw new StrataException(Unknown(kind, path, e.Error.NextStep ?? ""), e);
        }
    }

    private static Error Unknown(KindInfo kind, string path, string fields)
    {
        var meant = NearestWord.To(path, Own) is { } near ? $"Did you mean {near}? " : "";
        var colon = path.LastIndexOf(':');
        var why = colon > 0 ? $"\"{path[(colon + 1)..].Shortened(20)}\" is neither asc nor desc."
            : $"{kind.Plural} have no field {path.Shortened(60)}.";
        return UsageErrors.Of($"--sort: {why}",
            $"{meant}{fields} FIELD or FIELD:asc ascends, -FIELD or FIELD:desc descends.");
    }

    /// <summary>Null for what has no order: missing, null, an object or a list.</summary>
    private static JsonElement? At(JsonElement resource, string path)
    {
        // A label's key may itself hold dots.
        var found = path.StartsWith("labels.", StringComparison.Ordinal)
            ? resource.At("labels") is { } labels && labels.TryGetProperty(path["labels.".Length..], out var label) ? label : null
            : resource.At(path);
        return found is { ValueKind: JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False }
            ? found : null;
    }

    private static int Compare(JsonElement? a, JsonElement? b, bool descending)
    {
        if (a is not { } x || b is not { } y) return (a is null).CompareTo(b is null);
        var order = Rank(x).CompareTo(Rank(y));
        if (order == 0) order = x.ValueKind switch
        {
            JsonValueKind.Number => x.GetDouble().CompareTo(y.GetDouble()),
            JsonValueKind.String => string.CompareOrdinal(x.GetString(), y.GetString()),
            _ => 0,
        };
        return descending ? -order : order;
    }

    private static int Rank(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => 0,
        JsonValueKind.String => 1,
        JsonValueKind.False => 2,
        _ => 3,
    };
}

using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.EntityApi.Search;

/// <summary>
/// Reads the query parameter <c>sort</c>, which may be repeated: <c>[@]path[:asc|desc]</c>; @ names a fact about the entity.
/// </summary>
internal static class SortParameter
{
    public const string Name = "sort";

    public static Result<IReadOnlyList<SortKey>> Read(ApiCall call, ModelFields fields)
    {
        var sent = call.Http.Request.Query[Name];
        if (sent.Count > SearchQuery.SortKeysMax) return SearchErrors.TooManySortKeys();
        var keys = new List<SortKey>();
        foreach (var text in sent)
        {
            if (!ReadOne(text ?? "", fields).TryGet(out var key, out var error)) return error;
            keys.Add(key);
        }
        return keys;
    }

    private static Result<SortKey> ReadOne(string text, ModelFields fields)
    {
        var (path, descending) = text switch
        {
            _ when text.EndsWith(":desc", StringComparison.Ordinal) => (text[..^5], true),
            _ when text.EndsWith(":asc", StringComparison.Ordinal) => (text[..^4], false),
            _ => (text, false),
        };
        if (path.StartsWith('@')) return ConditionJson.TryFindFact(path[1..], out var fact)
            ? new SortKey(new Field.Meta(fact), descending)
            : SearchErrors.BadSort(text, $"An entity has no fact {path}.", NearestWord.To(path[1..], ConditionJson.FactNames) is { } near
                ? "@" + near : null);
        if (!TryParse(path, out var parsed))
            return SearchErrors.BadSort(text, path.Length == 0 ? "It names no field." : "It is not a path.");
        if (parsed.HasWildcard) return SearchErrors.BadSort(text, "Its path leads to several values.");
        return fields.At(parsed) switch
        {
            null => Unknown(text, path, fields),
            { Count: 0 } => SearchErrors.BadSort(text, $"{parsed} leads to objects or arrays."),
            _ => new SortKey(new Field.Path(parsed), descending),
        };
    }

    private static Error Unknown(string text, string path, ModelFields fields)
    {
        var colon = path.LastIndexOf(':');
        if (colon > 0 && TryParse(path[..colon], out var before) && fields.At(before) is not null)
            return SearchErrors.BadSort(text, $"\"{path[(colon + 1)..].Shortened(20)}\" is neither asc nor desc.");
        if (path.StartsWith('-') && TryParse(path[1..], out var downwards) && fields.At(downwards) is not null)
            return SearchErrors.BadSort(text, "The direction comes after the field.", path[1..] + ":desc");
        var field = path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path;
        return SearchErrors.BadSort(text, $"The model has no field {field.Shortened(60)}.", NearestWord.To(field, fields.SingleValues));
    }

    private static bool TryParse(string path, out JsonPath parsed)
    {
        var isFull = path.StartsWith("$.", StringComparison.Ordinal) || path.StartsWith("$[", StringComparison.Ordinal);
        return JsonPath.TryParse(isFull ? path : "$." + path, out parsed!) && parsed.Steps.Count > 0;
    }
}

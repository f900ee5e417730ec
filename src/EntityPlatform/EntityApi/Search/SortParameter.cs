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
            ? new SortKey(new Field.Meta(fact), descending) : SearchErrors.BadSort(text);
        var full = path.StartsWith("$.", StringComparison.Ordinal) || path.StartsWith("$[", StringComparison.Ordinal) ? path : "$." + path;
        if (!JsonPath.TryParse(full, out var parsed) || parsed.HasWildcard || parsed.Steps.Count == 0) return SearchErrors.BadSort(text);
        return fields.At(parsed) switch
        {
            null => SearchErrors.UnknownPath(parsed),
            { Count: 0 } => SearchErrors.NoScalar(parsed),
            _ => new SortKey(new Field.Path(parsed), descending),
        };
    }
}

using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Api.Http;

/// <summary>
/// Query parameters such as <c>spec.deployment=dep_…</c> that ask for equality: as text, or as the number or truth value that the text
/// spells. So <c>spec.port=80</c> finds the number and the text alike.
/// </summary>
public static class FieldFilter
{
    private static readonly string[] Roots = ["spec.", "status.", "labels."];

    public static bool IsName(string name) => Roots.Any(r => name.StartsWith(r, StringComparison.Ordinal) && name.Length > r.Length);

    public static Result<Condition> Read(string name, string value)
    {
        if (!JsonPath.TryParse(PathOf(name), out var path)) return ApiErrors.Query(
            name, "does not name a field.", "Name a field by its path, for example spec.deployment, status.message or labels.tier.");
        var field = new Field.Path(path);
        var asText = new Condition.Compare(
            field, Operator.Equal, [JsonText.FromString(JsonSerializer.Serialize(value, WireJson.Of<string>()))]);
        return IsLiteral(value)
            ? new Condition.Any([asText, new Condition.Compare(field, Operator.Equal, [JsonText.FromString(value)])]) : asText;
    }

    /// <summary>A label's key may itself hold dots: it is one step.</summary>
    private static string PathOf(string name) => name.StartsWith("labels.", StringComparison.Ordinal)
        ? $"$.labels['{name["labels.".Length..]}']" : "$." + name;

    private static bool IsLiteral(string value)
    {
        if (value is "true" or "false") return true;
        return value.Length <= 40 && (char.IsAsciiDigit(value[0]) || value[0] == '-')
            && JsonGuard.Check(System.Text.Encoding.UTF8.GetBytes(value)).IsOk;
    }
}

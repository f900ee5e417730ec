using System.Text;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Json;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>
/// The unique keys that a document holds. A key's value is the canonical text of its fields as a JSON array without spaces: strings with no
/// escapes but those that JSON demands, numbers in one form per value, for example <c>["ada",15e-1]</c>. Stateless.
/// </summary>
public static class UniqueKeys
{
    /// <summary>The claim of a key whose fields are all text: to find its holder.</summary>
    public static UniqueClaim ClaimOf(string key, params ReadOnlySpan<string> texts)
    {
        var value = new StringBuilder("[");
        foreach (var text in texts) AppendText(value, text);
        return new UniqueClaim(key, Close(value));
    }

    /// <summary>
    /// All claims of a document. Null where the model has no unique keys; INVALID_UNIQUE_KEY where a key is filled in part, no scalar or
    /// too long.
    /// </summary>
    public static Result<List<UniqueClaim>?> ClaimsOf(ModelDefinition model, JsonText document)
    {
        if (model.UniqueKeys.Count == 0) return (List<UniqueClaim>?)null;
        using var json = document.Parse();
        var claims = new List<UniqueClaim>(model.UniqueKeys.Count);
        foreach (var key in model.UniqueKeys)
        {
            if (!ClaimOf(key, json.RootElement).TryGet(out var claim, out var error)) return error;
            if (claim is { } held) claims.Add(held);
        }
        return claims;
    }

    private static Result<UniqueClaim?> ClaimOf(UniqueKeyDefinition key, JsonElement document)
    {
        var value = new StringBuilder("[");
        var filled = 0;
        foreach (var field in key.Fields)
        {
            var element = field.Follow(document);
            if (element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) continue;
            if (!TryAppend(value, JsonScalar.Read(element))) return EngineErrors.NoScalarInKey(key);
            filled++;
        }
        if (filled == 0) return (UniqueClaim?)null;
        if (filled < key.Fields.Count) return EngineErrors.PartlyNullKey(key);
        var claim = new UniqueClaim(key.Id, Close(value));
        return Encoding.UTF8.GetByteCount(claim.Value) <= UniqueClaim.ValueBytesMax ? claim : EngineErrors.KeyTooLong(key);
    }

    private static bool TryAppend(StringBuilder value, JsonScalar scalar)
    {
        switch (scalar.Type)
        {
            case ScalarType.String: AppendText(value, Encoding.UTF8.GetString(scalar.Utf8)); return true;
            case ScalarType.Number: value.Append(JsonNumber.Canonical(scalar.Utf8)).Append(','); return true;
            case ScalarType.Boolean: value.Append(scalar.Utf8[0] == 1 ? "true," : "false,"); return true;
            default: return false;
        }
    }

    private static void AppendText(StringBuilder value, string text)
    {
        value.Append('"');
        foreach (var c in text)
        {
            if (c is '"' or '\\') value.Append('\\').Append(c);
            else if (c < ' ') value.Append("\\u").Append(((int)c).ToString("x4", System.Globalization.CultureInfo.InvariantCulture));
            else value.Append(c);
        }
        value.Append("\",");
    }

    private static string Close(StringBuilder value)
    {
        value[^1] = ']';
        return value.ToString();
    }
}

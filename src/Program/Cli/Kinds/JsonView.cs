using System.Globalization;
using System.Text.Json;
using Strata.Core;

namespace Strata.Cli.Kinds;

/// <summary>Looks into a resource's JSON by path, such as <c>status.url</c>; what is not there is empty text.</summary>
internal static class JsonView
{
    public static JsonElement? At(this JsonElement value, string path)
    {
        foreach (var name in path.Split('.'))
        {
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value)) return null;
        }
        return value;
    }

    public static string Text(this JsonElement value, string path) => value.At(path) is { } found ? Show(found) : "";

    public static long? Number(this JsonElement value, string path) =>
        value.At(path) is { ValueKind: JsonValueKind.Number } found && found.TryGetInt64(out var number) ? number : null;

    public static bool IsTrue(this JsonElement value, string path) => value.At(path) is { ValueKind: JsonValueKind.True };

    public static DateTimeOffset? Time(this JsonElement value, string path) =>
        value.At(path) is { ValueKind: JsonValueKind.String } found && found.TryGetDateTimeOffset(out var time) ? time : null;

    private static string Show(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.TryGetDouble(out var number)
            ? number.ToString("0.###", CultureInfo.InvariantCulture) : value.GetRawText(),
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(Show)),
        JsonValueKind.Null or JsonValueKind.Undefined => "",
        JsonValueKind.Object => JsonSerializer.Serialize(value, WireJson.Options), // without escapes that JSON does not need
        _ => value.GetRawText(),
    };
}

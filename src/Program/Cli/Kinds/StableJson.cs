using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Strata.Cli.Kinds;

/// <summary>
/// Resources as machines read them, the same each time: the members of spec, status and labels in the order of their names, which stores do
/// not keep, and times with the same number of digits.
/// </summary>
internal static class StableJson
{
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.ffffffZ";
    private const string TimeSuffix = "At";

    private static readonly string[] Sorted = ["spec", "status", "labels"];

    public static JsonElement Of(JsonElement resource)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var member in resource.EnumerateObject()) Write(json, member, Sorted.Contains(member.Name));
            json.WriteEndObject();
        }
        return JsonElement.Parse(buffer.WrittenSpan);
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static void Write(Utf8JsonWriter json, JsonProperty member, bool sorts)
    {
        json.WritePropertyName(member.Name);
        if (member.Name.EndsWith(TimeSuffix, StringComparison.Ordinal) && member.Value.ValueKind == JsonValueKind.String
            && member.Value.TryGetDateTimeOffset(out var time))
            json.WriteStringValue(Time(time));
        else Write(json, member.Value, sorts);
    }

    private static void Write(Utf8JsonWriter json, JsonElement value, bool sorts)
    {
        if (!sorts || value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
        {
            value.WriteTo(json);
            return;
        }
        if (value.ValueKind == JsonValueKind.Object)
        {
            json.WriteStartObject();
            foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal)) Write(json, member, sorts: true);
            json.WriteEndObject();
            return;
        }
        json.WriteStartArray();
        foreach (var item in value.EnumerateArray()) Write(json, item, sorts: true);
        json.WriteEndArray();
    }
}

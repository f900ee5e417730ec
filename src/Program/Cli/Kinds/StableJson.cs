using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Strata.Cli.Data;

namespace Strata.Cli.Kinds;

/// <summary>
/// Output as machines read it, the same each time: times with the same number of digits; and of resources the members of spec, status and
/// labels in the order of their names, which stores do not keep. Other members come in the order in which the server writes them, and
/// entities' data in that of the store, both always the same.
/// </summary>
internal static class StableJson
{
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.ffffffZ";
    private const string TimeSuffix = "At";

    /// <summary>Text as it is, and not as escapes.</summary>
    public static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Sorted = ["spec", "status", "labels"];

    /// <summary>What users wrote, which stays as it is.</summary>
    private static readonly string[] Users = ["data", "labels", "env", "sourceEnv", "input", "output", "metaData"];

    /// <summary>Members that hold times of the server, and how others end; what else looks like one may be a user's.</summary>
    private static readonly string[] TimeNames = ["at", "since", "from", "to", "heartbeat", "timeOfChange"];
    private static readonly string[] TimeEndings = [TimeSuffix, "Time", "Date", "From", "To"];

    /// <summary>With every time of the server's in the same form.</summary>
    public static JsonElement Times(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Undefined) return value;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Readable)) WriteTimes(json, value, mayBeTime: false);
        return EntityCalls.Parse(buffer.WrittenMemory);
    }

    public static JsonElement Of(JsonElement resource)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            foreach (var member in resource.EnumerateObject()) Write(json, member, Sorted.Contains(member.Name));
            json.WriteEndObject();
        }
        return JsonElement.Parse(buffer.WrittenSpan);
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    /// <param name="mayBeTime">By the name of its member.</param>
    private static void WriteTimes(Utf8JsonWriter json, JsonElement value, bool mayBeTime)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    json.WritePropertyName(member.Name);
                    if (Users.Contains(member.Name)) member.Value.WriteTo(json);
                    else WriteTimes(json, member.Value, IsNameOfTime(member.Name));
                }
                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray()) WriteTimes(json, item, mayBeTime: false);
                json.WriteEndArray();
                break;
            case JsonValueKind.String when mayBeTime && IsTime(value.GetString()!) && value.TryGetDateTimeOffset(out var time):
                json.WriteStringValue(Time(time));
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    private static bool IsNameOfTime(string name) =>
        TimeNames.Contains(name) || Array.Exists(TimeEndings, e => name.EndsWith(e, StringComparison.Ordinal));

    /// <summary>A date and a time of UTC, as the server writes them.</summary>
    private static bool IsTime(string text) => text.Length is >= 20 and <= 33 && text[4] == '-' && text[10] == 'T'
        && (text[^1] == 'Z' || text.EndsWith("+00:00", StringComparison.Ordinal));

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

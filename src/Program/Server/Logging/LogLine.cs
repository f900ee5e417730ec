using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Server.Logging;

/// <summary>One message as it is written. Immutable.</summary>
/// <param name="Category">Full name of the class that logs.</param>
/// <param name="Fields">The message's named values; null: none are known.</param>
/// <param name="Subject">Of the innermost scope that has one.</param>
internal sealed record LogLine(
    DateTimeOffset At, LogLevel Level, string Category, string Message, Exception? Exception,
    IReadOnlyList<KeyValuePair<string, object?>>? Fields,
    LogSubject? Subject, ActivityContext Trace)
{
    private const int FieldCharactersMax = 1024;
    private const string Template = "{OriginalFormat}";

    private static readonly JsonWriterOptions Options = new() { Encoder = WireJson.Options.Encoder };

    private string Class => Category[(Category.LastIndexOf('.') + 1)..];

    private string Time => At.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private string Word => Level switch
    {
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        LogLevel.Critical => "fatal",
        _ => "debug",
    };

    /// <summary>For the file.</summary>
    public string ToText() => $"{Time} {Word} {Class}: {Message}{(Exception is null ? "" : "\n" + Exception)}";

    /// <summary>For people who watch.</summary>
    public string ToShortText() => $"{Word} {Class}: {Message}{(Exception is null ? "" : " " + Exception.Message)}";

    /// <summary>One JSON object on one line. Named values of the message are members of <c>fields</c>.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("time", Time);
            json.WriteString("level", Word);
            json.WriteString("category", Category);
            json.WriteString("message", Message);
            if (Trace.TraceId != default)
            {
                json.WriteString("trace_id", Trace.TraceId.ToHexString());
                json.WriteString("span_id", Trace.SpanId.ToHexString());
            }
            if ((Subject?.Tenant.ToString() ?? Field("Tenant")) is { } tenant) json.WriteString("tenant", tenant);
            if (Subject?.Resource is { } resource) json.WriteString("resource", resource);
            WriteFields(json);
            if (Exception is not null) json.WriteString("exception", Exception.ToString());
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private void WriteFields(Utf8JsonWriter json)
    {
        if (Fields is null || Fields.All(f => f.Key == Template)) return;
        json.WriteStartObject("fields");
        foreach (var (name, value) in Fields)
        {
            if (name == Template) continue;
            switch (value)
            {
                case null: json.WriteNull(name); break;
                case bool flag: json.WriteBoolean(name, flag); break;
                case int or long or short or byte: json.WriteNumber(name, Convert.ToInt64(value, CultureInfo.InvariantCulture)); break;
                default: json.WriteString(
                    name, (Convert.ToString(value, CultureInfo.InvariantCulture) ?? "").Shortened(FieldCharactersMax)); break;
            }
        }
        json.WriteEndObject();
    }

    private string? Field(string name) => Fields?.FirstOrDefault(f => f.Key == name).Value?.ToString();
}

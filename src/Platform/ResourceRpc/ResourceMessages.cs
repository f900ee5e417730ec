using System.Buffers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Strata.Wire.Resources;

namespace Strata.ResourceRpc;

/// <summary>
/// Between the API's JSON and messages: members have the same names, and JSON's rules for protobuf do the rest. Stateless.
/// </summary>
internal static class ResourceMessages
{
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    public static Resource One(byte[] json) => Parser.Parse<Resource>(Encoding.UTF8.GetString(json));

    public static ListResponse Page(byte[] json) => Parser.Parse<ListResponse>(Encoding.UTF8.GetString(json));

    /// <summary>Null for events without a message.</summary>
    public static WatchEvent? Event(string type, ReadOnlyMemory<byte> json) => type switch
    {
        "item" => new WatchEvent { Item = One(json.ToArray()) },
        "ready" => new WatchEvent { Ready = new Ready() },
        _ => null,
    };

    public static ReadOnlyMemory<byte> Write(CreateRequest request) => Object(json =>
    {
        json.WriteString("name", request.Name);
        if (request.Project.Length > 0) json.WriteString("project", request.Project);
        if (request.Labels.Count > 0)
        {
            json.WriteStartObject("labels");
            foreach (var (name, value) in request.Labels) json.WriteString(name, value);
            json.WriteEndObject();
        }
        WritePart(json, "spec", request.Spec ?? new Struct());
    });

    public static ReadOnlyMemory<byte> Write(Merge merge) => Object(json =>
    {
        WritePart(json, "spec", merge.Spec);
        WritePart(json, "status", merge.Status);
        WritePart(json, "labels", merge.Labels);
    });

    private static void WritePart(Utf8JsonWriter json, string name, Struct? part)
    {
        if (part is null) return;
        json.WritePropertyName(name);
        json.WriteRawValue(JsonFormatter.Default.Format(part));
    }

    private static ReadOnlyMemory<byte> Object(Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return body.WrittenMemory;
    }
}

/// <summary>A line of server-sent events: <c>field: value</c>.</summary>
internal static class ServerSentLine
{
    public static (string Field, ReadOnlyMemory<byte> Value)? Read(byte[] line)
    {
        var colon = line.AsSpan().IndexOf(": "u8);
        return colon < 0 ? null : (Encoding.ASCII.GetString(line, 0, colon), line.AsMemory(colon + 2));
    }
}

using System.Buffers;
using System.Text;
using System.Text.Json;
using Strata.Wire.CloudEvents;
using Strata.Core;

namespace Strata.CloudEvents.Events;

/// <summary>Makes events as clients of the entity API expect them: JSON as text, the source and version that they look for.</summary>
internal sealed class EventWriter(TimeProvider time)
{
    private const string Source = "cyoda"; // which clients compare
    private const string SpecVersion = "1.0";

    private static readonly JsonWriterOptions Options = new() { Encoder = WireJson.Options.Encoder, MaxDepth = JsonGuard.DepthMax + 8 };

    public string NewId() => Guid.CreateVersion7(time.GetUtcNow()).ToString();

    /// <param name="write">The members of the payload behind its id.</param>
    public CloudEvent Make(string type, Action<Utf8JsonWriter> write)
    {
        var id = NewId();
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            write(json);
            json.WriteEndObject();
        }
        return new CloudEvent { Id = id, Source = Source, SpecVersion = SpecVersion, Type = type, TextData = Encoding.UTF8.GetString(
            buffer.WrittenSpan) };
    }

    /// <summary>The answer to a request.</summary>
    public CloudEvent Answer(string type, string requestId, Action<Utf8JsonWriter> write) => Make(type, json =>
    {
        json.WriteString("requestId", requestId);
        json.WriteBoolean("success", true);
        write(json);
    });

    /// <summary>The answer to a request that failed. Its class is the code; Strata's own code begins the message.</summary>
    public CloudEvent Failure(string type, string requestId, Error error) => Make(type, json =>
    {
        json.WriteString("requestId", requestId);
        json.WriteBoolean("success", false);
        json.WriteStartObject("error");
        json.WriteString("code", ErrorStatus.Of(error.Kind) < 500 ? "CLIENT_ERROR" : "SERVER_ERROR");
        json.WriteString("message", $"{error.Code}: {error.Message}");
        json.WriteBoolean("retryable", error.Retryable);
        json.WriteEndObject();
    });

    public static void SetAttribute(CloudEvent message, string name, string value) =>
        message.Attributes[name] = new CloudEvent.Types.CloudEventAttributeValue { CeString = value };
}

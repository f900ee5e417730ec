using System.Text.Json;
using Strata.Wire.CloudEvents;
using Strata.Core;

namespace Strata.CloudEvents.Events;

/// <summary>The JSON inside an event, however it is carried: as text, or as bytes.</summary>
internal static class EventReader
{
    public const int PayloadBytesMax = 10 << 20;

    public static Result<JsonDocument> Read(CloudEvent message)
    {
        var bytes = BytesOf(message);
        if (bytes.Length == 0) return Faulty("The event has no data.");
        if (bytes.Length > PayloadBytesMax)
            return new Error(ErrorKind.TooLarge, "BODY_TOO_LARGE", $"The event's data is longer than {PayloadBytesMax} bytes.");
        if (!JsonGuard.Check(bytes, "The event's data").TryGet(out var text, out var error)) return error;
        var document = text.Parse();
        if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        document.Dispose();
        return Faulty("The event's data must be a JSON object.");
    }

    public static Error Faulty(string message) => new(ErrorKind.Invalid, "BAD_REQUEST", message);

    private static ReadOnlyMemory<byte> BytesOf(CloudEvent message) => message.DataCase switch
    {
        CloudEvent.DataOneofCase.BinaryData => message.BinaryData.Memory,
        CloudEvent.DataOneofCase.TextData => System.Text.Encoding.UTF8.GetBytes(message.TextData),
        CloudEvent.DataOneofCase.ProtoData => message.ProtoData.Value.Memory,
        _ => default,
    };
}

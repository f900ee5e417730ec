using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Strata.Tunnels.Relay;

/// <summary>
/// What the server sends to the developer's machine over the tunnel's own WebSocket, as JSON in text messages: first where it is served
/// (<see cref="Url"/>), then each connection to fetch (<see cref="Connection"/>) with a WebSocket of its own.
/// </summary>
internal sealed record TunnelMessage
{
    /// <summary>Longest message in bytes.</summary>
    public const int BytesMax = 4 * 1024;

    public string? Url { get; init; }
    public string? Connection { get; init; }

    public ValueTask SendAsync(WebSocket to, CancellationToken cancellationToken) =>
        to.SendAsync(JsonSerializer.SerializeToUtf8Bytes(this, TunnelJson.Default.TunnelMessage).AsMemory(), WebSocketMessageType.Text,
            endOfMessage: true, cancellationToken);

    /// <returns>Null: the other end has closed, or sent something that is not a message.</returns>
    public static async ValueTask<TunnelMessage?> ReceiveAsync(WebSocket from, byte[] buffer, CancellationToken cancellationToken)
    {
        var length = 0;
        while (length < buffer.Length)
        {
            var received = await from.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            if (received.MessageType != WebSocketMessageType.Text) return null;
            length += received.Count;
            if (received.EndOfMessage) return Read(buffer.AsSpan(0, length));
        }
        return null;
    }

    private static TunnelMessage? Read(ReadOnlySpan<byte> text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, TunnelJson.Default.TunnelMessage);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TunnelMessage))]
internal sealed partial class TunnelJson : JsonSerializerContext;

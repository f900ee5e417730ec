using System.Globalization;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Strata.Rpc.Protocols;

/// <summary>Metadata as HTTP headers and back, and the small texts of the protocols.</summary>
internal static class RpcHeaders
{
    private static readonly string[] Reserved =
        ["te", "content-type", "content-length", "host", "user-agent", "accept-encoding", "connection", "content-encoding"];

    /// <summary>
    /// What a client sent as metadata: headers that are not the protocol's own; those that end with -bin are bytes in base64.
    /// </summary>
    public static Metadata Read(IHeaderDictionary headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers)
        {
            var key = name.ToLowerInvariant();
            if (key[0] == ':' || Reserved.Contains(key) || key.StartsWith("grpc-", StringComparison.Ordinal)
                || key.StartsWith("connect-", StringComparison.Ordinal)) continue;
            foreach (var value in values) Add(metadata, key, value ?? "");
        }
        return metadata;
    }

    /// <summary>A value as a header holds it.</summary>
    public static string ValueOf(Metadata.Entry entry) => entry.IsBinary
        ? Convert.ToBase64String(entry.ValueBytes).TrimEnd('=') : entry.Value;

    public static void Write(Metadata metadata, IHeaderDictionary headers, string prefix = "")
    {
        foreach (var entry in metadata) headers.Append(prefix + entry.Key, ValueOf(entry));
    }

    /// <summary>Digits and a unit, such as <c>100m</c> for 100 ms.</summary>
    public static TimeSpan? GrpcTimeout(string? text)
    {
        if (text is not { Length: > 1 and <= 9 }
            || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value)) return null;
        return text[^1] switch
        {
            'H' => TimeSpan.FromHours(value),
            'M' => TimeSpan.FromMinutes(value),
            'S' => TimeSpan.FromSeconds(value),
            'm' => TimeSpan.FromMilliseconds(value),
            'u' => TimeSpan.FromMicroseconds(value),
            'n' => TimeSpan.FromMicroseconds(value / 1000.0),
            _ => null,
        };
    }

    public static TimeSpan? ConnectTimeout(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && text.Length <= 10
            ? TimeSpan.FromMilliseconds(milliseconds) : null;

    /// <summary>
    /// A message as the trailer <c>grpc-message</c> holds it: printable ASCII, everything else percent-encoded from its UTF-8.
    /// </summary>
    public static string EncodeMessage(string message)
    {
        if (message.All(c => c is >= ' ' and <= '~' and not '%')) return message;
        var text = new StringBuilder(message.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(message))
        {
            if (b is >= 0x20 and <= 0x7E and not (byte)'%') text.Append((char)b);
            else text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }
        return text.ToString();
    }

    public static bool Takes(string? accepted, string encoding) =>
        accepted is not null && accepted.Split(',').Any(a => a.AsSpan().Trim().Equals(encoding, StringComparison.OrdinalIgnoreCase));

    private static void Add(Metadata metadata, string key, string value)
    {
        if (!key.EndsWith("-bin", StringComparison.Ordinal))
        {
            metadata.Add(key, value);
            return;
        }
        foreach (var one in value.Split(','))
        {
            var text = one.Trim();
            var buffer = new byte[text.Length];
            if (!Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), buffer, out var length))
                throw CallErrors.Of(StatusCode.InvalidArgument, $"The metadata {key} is not base64.");
            metadata.Add(key, buffer[..length]);
        }
    }
}

using System.Buffers;
using System.Text.Json;
using System.Text.RegularExpressions;
using Strata.Api.Http;
using Strata.Core;

namespace Strata.EntityApi.Messages;

/// <summary>The header of a message, from the request's headers.</summary>
internal sealed partial record MessageHead(
    string Subject, string ContentType, string ContentEncoding, IReadOnlyList<(string Name, string Value)> Others)
{
    public const int ValueLengthMax = 1024;

    private static readonly (string Header, string Name)[] Known =
    [
        ("X-Message-ID", "messageId"), ("X-User-ID", "userId"), ("X-Recipient", "recipient"), ("X-Reply-To", "replyTo"),
        ("X-Correlation-ID", "correlationId"),
    ];

    public static IEnumerable<string> Headers => Known.Select(k => k.Header);

    public static Result<MessageHead> Read(ApiCall call)
    {
        var subject = call.Route("subject");
        if (!SubjectPattern().IsMatch(subject))
            return ApiErrors.PathValue(
                "subject", "1 to 256 of the letters A to Z and a to z, digits, dots, underscores and hyphens");
        if (!Header(call, "Content-Type").TryGet(out var type, out var error)) return error;
        if (type is null) return ApiErrors.MediaType(null, "application/json");
        if (!Header(call, "Content-Encoding").TryGet(out var encoding, out error)) return error;
        if (encoding is not null && !encoding.Equals("UTF-8", StringComparison.OrdinalIgnoreCase))
            return ApiErrors.MediaType($"in the encoding {encoding}", "it uncompressed,");
        var others = new List<(string, string)>();
        foreach (var (header, name) in Known)
        {
            if (!Header(call, header).TryGet(out var value, out error)) return error;
            if (value is not null) others.Add((name, value));
        }
        return new MessageHead(subject, type, encoding ?? "UTF-8", others);
    }

    /// <summary>{"header":{…},"metaData":{…}}</summary>
    public JsonText Write(long bodyBytes, JsonText metaData)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Answer.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteStartObject("header");
            json.WriteString("subject", Subject);
            json.WriteString("contentType", ContentType);
            json.WriteNumber("contentLength", bodyBytes);
            json.WriteString("contentEncoding", ContentEncoding);
            foreach (var (name, value) in Others) json.WriteString(name, value);
            json.WriteEndObject();
            json.WritePropertyName("metaData");
            json.WriteRawValue(metaData.Utf8.Span, skipInputValidation: true);
            json.WriteEndObject();
        }
        return new JsonText(buffer.WrittenMemory);
    }

    private static Result<string?> Header(ApiCall call, string name)
    {
        var sent = call.Http.Request.Headers[name];
        if (sent.Count == 0) return (string?)null;
        return sent is [{ Length: > 0 and <= ValueLengthMax } value]
            && !value.Any(c => char.IsControl(c) || char.IsSurrogate(c) || c == '\uFFFD')
            ? value
            : ApiErrors.HeaderValue(name, $"one text of 1 to {ValueLengthMax} characters");
    }

    [GeneratedRegex(@"^[a-zA-Z0-9._-]{1,256}\z")]
    private static partial Regex SubjectPattern();
}

using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Strata.Api.Docs;
using Strata.Core;

namespace Strata.Api.Http;

/// <summary>
/// Problem details (RFC 9457), in two shapes: that of Strata's API, whose <c>type</c> is the address of the code's page on this server, and
/// under <c>/api/</c> outside <c>/api/v1</c> that of the entity API's contract (<c>type</c> is about:blank, <c>detail</c> begins with the
/// code, <c>properties.errorCode</c> repeats it).
/// </summary>
public static class Problem
{
    public const string ContentType = "application/problem+json";

    /// <summary>Writes the error as the answer. Does nothing when the answer has already begun.</summary>
    public static async Task WriteAsync(HttpContext http, Error error, int? status = null)
    {
        if (http.Response.HasStarted) return;
        var code = status ?? ErrorStatus.Of(error.Kind);
        var body = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(body, Answer.WriterOptions)) Write(json, http, error, code);
        http.Response.StatusCode = code;
        http.Response.ContentType = ContentType;
        http.Response.ContentLength = body.WrittenCount;
        http.Response.Headers.XContentTypeOptions = "nosniff"; // it repeats what was sent
        if (code == StatusCodes.Status401Unauthorized) http.Response.Headers.WWWAuthenticate = "Bearer";
        if (error.Retryable && code is 429 or 503) http.Response.Headers.RetryAfter = "1";
        if (HttpMethods.IsHead(http.Request.Method)) return;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }

    internal static bool IsEntityApi(PathString path) => path.StartsWithSegments("/api") && !path.StartsWithSegments("/api/v1");

    private static void Write(Utf8JsonWriter json, HttpContext http, Error error, int status)
    {
        var entityApi = IsEntityApi(http.Request.Path);
        json.WriteStartObject();
        json.WriteString("type", (entityApi ? null : ErrorCatalog.Find(error.Code)?.Path) ?? "about:blank");
        json.WriteString("title", ReasonPhrases.GetReasonPhrase(status));
        json.WriteNumber("status", status);
        json.WriteString("detail", entityApi ? $"{error.Code}: {error.Message}" : error.Message);
        json.WriteString("instance", http.Request.Path.Value);
        json.WriteString("code", error.Code);
        if (error.NextStep is not null) json.WriteString("next", error.NextStep);
        json.WriteString("requestId", http.TraceIdentifier);
        if (entityApi && status >= 500) json.WriteString("ticket", http.TraceIdentifier);
        WriteFaults(json, error);
        WriteProperties(json, error, entityApi);
        json.WriteEndObject();
    }

    private static void WriteFaults(Utf8JsonWriter json, Error error)
    {
        if (error.Faults is not { Count: > 0 } faults) return;
        json.WriteStartArray("errors");
        foreach (var fault in faults)
        {
            json.WriteStartObject();
            json.WriteString("field", fault.Field);
            json.WriteString("message", fault.Message);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteProperties(Utf8JsonWriter json, Error error, bool entityApi)
    {
        if (!entityApi && error is { Details: not { Count: > 0 }, Lists: not { Count: > 0 }, Retryable: false }) return;
        json.WriteStartObject("properties");
        if (entityApi) json.WriteString("errorCode", error.Code);
        if (error.Retryable) json.WriteBoolean("retryable", true);
        foreach (var (name, value) in error.Details ?? new Dictionary<string, string>()) json.WriteString(name, value);
        foreach (var (name, values) in error.Lists ?? new Dictionary<string, IReadOnlyList<string>>()) WriteList(json, name, values);
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}

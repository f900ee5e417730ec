using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Api.Http;

namespace Strata.EntityApi;

/// <summary>
/// A JSON array that is written to the response as its elements arrive. Written elements wait in memory until they are flushed.
/// </summary>
internal sealed class JsonArrayStream
{
    private const int FlushBytes = 64 << 10;

    private readonly HttpContext http;

    public JsonArrayStream(HttpContext http)
    {
        this.http = http;
        http.Response.ContentType = "application/json";
        Json = new Utf8JsonWriter(http.Response.BodyWriter, Answer.WriterOptions);
        Json.WriteStartArray();
    }

    public Utf8JsonWriter Json { get; }

    /// <summary>Sends what was written once it reaches the memory limit; call after each element.</summary>
    public ValueTask FlushIfFullAsync() => Json.BytesPending + http.Response.BodyWriter.UnflushedBytes < FlushBytes
        ? ValueTask.CompletedTask : FlushAsync();

    /// <summary>Sends what was written; waits while the client is slow.</summary>
    public async ValueTask FlushAsync()
    {
        Json.Flush();
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    /// <summary>Ends the array. An interrupted one is left without its end, so that no client takes it for complete.</summary>
    public ValueTask CompleteAsync()
    {
        Json.WriteEndArray();
        return FlushAsync();
    }
}

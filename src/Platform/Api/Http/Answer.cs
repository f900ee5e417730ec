using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Api.Http;

/// <summary>A successful answer. A class of its own, so that it converts to a <see cref="Result{T}"/>, which an interface cannot.</summary>
public abstract class Answer : IResult
{
    /// <summary>How answers are written. A few levels more than a document may have: an answer wraps documents.</summary>
    public static readonly JsonWriterOptions WriterOptions =
        new() { Encoder = WireJson.Options.Encoder, MaxDepth = JsonGuard.DepthMax + 8 };

    public static readonly Answer NoContent = new StatusAnswer(StatusCodes.Status204NoContent);

    public static Answer Json(Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK) => new JsonAnswer(write, status);

    public static Answer Json<T>(T value, int status = StatusCodes.Status200OK) =>
        new JsonAnswer(json => JsonSerializer.Serialize(json, value, WireJson.Of<T>()), status);

    /// <summary>An answer that is written as it comes.</summary>
    public static Answer Stream(Func<HttpContext, Task> write) => new StreamAnswer(write);

    public abstract Task ExecuteAsync(HttpContext httpContext);

    private sealed class StatusAnswer(int status) : Answer
    {
        public override Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = status;
            return Task.CompletedTask;
        }
    }

    private sealed class StreamAnswer(Func<HttpContext, Task> write) : Answer
    {
        public override Task ExecuteAsync(HttpContext httpContext) => write(httpContext);
    }
}

/// <summary>JSON, written whole before it is sent, so that its length is known and nothing fails half way.</summary>
internal sealed class JsonAnswer(Action<Utf8JsonWriter> write, int status) : Answer
{
    public long? ETag { get; init; }
    public string? Location { get; init; }

    public override async Task ExecuteAsync(HttpContext httpContext)
    {
        using var body = JsonBuffer.Rent();
        var length = body.Write(write);
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = length;
        if (ETag is { } revision) response.Headers.ETag = $"\"{revision}\"";
        if (Location is not null) response.Headers.Location = Location;
        if (!HttpMethods.IsHead(httpContext.Request.Method)) await response.BodyWriter.WriteAsync(body.Written, httpContext.RequestAborted);
    }
}

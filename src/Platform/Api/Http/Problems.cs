using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Core;

namespace Strata.Api.Http;

/// <summary>
/// Makes problem details of everything that fails outside a handler: exceptions, refused bodies, routes and methods that do not exist.
/// </summary>
internal sealed partial class Problems(RequestDelegate next, ILogger<Problems> log)
{
    public async Task InvokeAsync(HttpContext http)
    {
        try
        {
            await next(http);
            if (!http.Response.HasStarted && http.Response.StatusCode >= 400 && http.Response.ContentLength is null or 0)
                await ExplainAsync(http);
        }
        catch (Exception e) when (IsOfGoneCaller(http, e))
        {
            // The client is gone, and this is not a server error.
            http.Abort();
        }
        catch (Exception e)
        {
            var error = ToError(e);
            // The server that passes a request on reports why its user's body ended; here it may also be a fault of this server.
            var isBodyOfPeer = e is IOException && PeerForwarder.IsForwarded(http);
            if (error.Kind == ErrorKind.Internal) LogFailed(http, e, isBodyOfPeer);
            if (isBodyOfPeer) PeerMark.Fail(http);
            if (http.Response.HasStarted) http.Abort();
            else await Problem.WriteAsync(
                http, error, IsBadChunk(e) ? StatusCodes.Status400BadRequest : (e as BadHttpRequestException)?.StatusCode);
        }
    }

    /// <summary>
    /// In the middle of its body the end of a connection is an IOException, sometimes before the request counts as aborted.
    /// </summary>
    private static bool IsOfGoneCaller(HttpContext http, Exception exception) => exception switch
    {
        ConnectionResetException or ConnectionAbortedException => true,
        OperationCanceledException or IOException or BadHttpRequestException => http.RequestAborted.IsCancellationRequested,
        _ => false,
    };

    private static Error ToError(Exception exception) => exception switch
    {
        StrataException e => e.Error,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } =>
            new Error(ErrorKind.TooLarge, "BODY_TOO_LARGE", "The body is larger than what fits here."),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } =>
            new Error(ErrorKind.Timeout, "BODY_TOO_SLOW", "The body came too slowly."),
        BadHttpRequestException e => ApiErrors.BadRequest(e.Message),
        _ when IsBadChunk(exception) => ApiErrors.BadRequest("The size of a chunk of the body is not a number that fits."),
        JsonException => new Error(
            ErrorKind.Internal, "INTERNAL", "Strata could not read its stored data; the server's log shows why, under the request id."),
        _ => ApiErrors.Internal,
    };

    /// <summary>
    /// What Kestrel throws for a chunk size of more digits than it holds; other malformed chunks are its BadHttpRequestException.
    /// </summary>
    private static bool IsBadChunk(Exception exception) => exception is IOException { InnerException: OverflowException };

    private static Task ExplainAsync(HttpContext http)
    {
        var request = http.Request;
        Error error = http.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => ApiErrors.NoRoute(request.Method, request.Path.Value ?? "/"),
            StatusCodes.Status405MethodNotAllowed => ApiErrors.Method(request.Method, http.Response.Headers.Allow.ToString()),
            StatusCodes.Status415UnsupportedMediaType => ApiErrors.MediaType(request.ContentType, "application/json"),
            var status => new Error(ErrorStatus.KindOf(status), "BAD_REQUEST", "The request cannot be served as it is."),
        };
        return Problem.WriteAsync(http, error, http.Response.StatusCode);
    }

    private void LogFailed(HttpContext http, Exception exception, bool isBodyOfPeer)
    {
        using var about = http.Features.Get<Principal>() is { } principal ? log.BeginScope(new LogSubject(principal.Tenant)) : null;
        if (isBodyOfPeer) LogPassedOnFailed(exception, http.Request.Method, http.Request.Path, http.TraceIdentifier);
        else LogFailed(exception, http.Request.Method, http.Request.Path, http.TraceIdentifier);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path} of another server failed, request {RequestId}")]
    private partial void LogPassedOnFailed(Exception exception, string method, string path, string requestId);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed, request {RequestId}")]
    private partial void LogFailed(Exception exception, string method, string path, string requestId);
}

using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Strata.Core;

namespace Strata.Api.InProcess;

/// <summary>
/// The HTTP API from inside the process, without a socket: a request takes the very steps that one from outside takes, its token included,
/// so that whatever else speaks the API's operations (CloudEvents over gRPC) has the same rules, limits and errors. Safe for concurrent
/// use.
/// </summary>
public sealed class InProcessApi(IServiceProvider services)
{
    /// <summary>Answers are held back beyond this until their reader has taken some.</summary>
    private const int AnswerBytesMax = 1 << 20;

    private RequestDelegate? pipeline;

    /// <summary>The steps behind this one; set once, when they are built.</summary>
    internal void Use(RequestDelegate next) => pipeline = next;

    /// <summary>Begins a request; the answer comes as it is read. The caller disposes it.</summary>
    public InProcessAnswer Open(InProcessRequest request, CancellationToken cancellationToken)
    {
        var pipe = new Pipe(
            new PipeOptions(
                pauseWriterThreshold: AnswerBytesMax, resumeWriterThreshold: AnswerBytesMax / 2, useSynchronizationContext: false));
        var lifetime = new Lifetime(cancellationToken);
        var response = new InProcessResponse();
        var http = Make(request, response, pipe, lifetime);
        return new InProcessAnswer(http, pipe.Reader, lifetime, RunAsync(http, response, pipe, lifetime));
    }

    /// <summary>Sends a request; the whole body of its answer.</summary>
    /// <exception cref="StrataException">What it was refused with.</exception>
    public async Task<byte[]> SendAsync(InProcessRequest request, CancellationToken cancellationToken)
    {
        await using var answer = Open(request, cancellationToken);
        var body = await answer.ReadAsync(cancellationToken);
        return answer.Status < 400 ? body : throw InProcessAnswer.Refusal(answer.Status, body);
    }

    private async Task RunAsync(HttpContext http, InProcessResponse response, Pipe pipe, Lifetime lifetime)
    {
        try
        {
            await using (var scope = services.CreateAsyncScope())
            {
                http.RequestServices = scope.ServiceProvider;
                await RunAsync(http, response);
            }
            await pipe.Writer.CompleteAsync();
        }
        catch (Exception e)
        {
            await pipe.Writer.CompleteAsync(lifetime.RequestAborted.IsCancellationRequested
                ? new OperationCanceledException(lifetime.RequestAborted) : e);
        }
    }

    /// <summary>What the request holds is returned before its reader sees the end, however it ends.</summary>
    private async Task RunAsync(HttpContext http, InProcessResponse response)
    {
        try
        {
            await pipeline!(http);
            await http.Response.CompleteAsync();
        }
        finally
        {
            await response.CompleteAsync();
        }
    }

    private static DefaultHttpContext Make(InProcessRequest request, InProcessResponse response, Pipe pipe, Lifetime lifetime)
    {
        var query = request.Path.IndexOf('?', StringComparison.Ordinal);
        var features = new FeatureCollection();
        IHeaderDictionary headers = new HeaderDictionary();
        foreach (var (name, value) in request.Headers) headers[name] = value;
        if (request.Body.Length > 0) (headers.ContentType, headers.ContentLength) = (request.ContentType, request.Body.Length);
        var path = query < 0 ? request.Path : request.Path[..query];
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Method = request.Method, Path = Uri.UnescapeDataString(path), RawTarget = request.Path,
            QueryString = query < 0 ? "" : request.Path[query..], Protocol = "HTTP/2", Scheme = "http",
            Headers = headers, Body = new MemoryStream(request.Body.ToArray(), writable: false),
        });
        features.Set<IHttpRequestBodyDetectionFeature>(new BodyDetection(request.Body.Length > 0));
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(pipe.Writer.AsStream()));
        features.Set<IHttpRequestLifetimeFeature>(lifetime);
        return new DefaultHttpContext(features);
    }

    private sealed class BodyDetection(bool canHaveBody) : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => canHaveBody;
    }

    internal sealed class Lifetime : IHttpRequestLifetimeFeature, IDisposable
    {
        private readonly CancellationTokenSource over;

        public Lifetime(CancellationToken cancellationToken)
        {
            over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            RequestAborted = over.Token;
        }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => over.Cancel();

        public void Dispose() => over.Dispose();
    }
}

/// <summary>A request to the API.</summary>
/// <param name="Path">With its query, escaped.</param>
/// <param name="Headers">Authorization among them.</param>
public sealed record InProcessRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    public ReadOnlyMemory<byte> Body { get; init; }
    public string ContentType { get; init; } = "application/json";
}

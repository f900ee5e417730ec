using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http.Features;
using Strata.Edge.Tracing;

namespace Strata.Edge.Forwarding;

/// <summary>Turns a gRPC call of a client into one to an instance, and the answer into the client's.</summary>
internal static class GrpcMessages
{
    public static HttpRequestMessage ToRequest(Exchange x, IPEndPoint instance, IReadOnlyList<IPNetwork> trustedProxies)
    {
        var content = new BodyContent(x);
        var request = new HttpRequestMessage(new HttpMethod(x.Request.Method), $"http://{instance}{x.Request.RawTarget}")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content,
        };
        foreach (var (name, sent) in x.Request.Headers)
        {
            if (name[0] == ':' || RequestWriter.IsWithheld(x, name) || EdgeTrace.Replaces(x, name)) continue;
            if (RequestWriter.Shown(x, name, sent) is not { Count: > 0 } values) continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        request.Headers.Host = x.Request.Headers.Host.ToString();
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.TryAddWithoutValidation("X-Request-Id", x.RequestId);
        if (x.Visitor is { } visitor)
        {
            request.Headers.TryAddWithoutValidation(RequestWriter.UserHeader, visitor.Person);
            request.Headers.TryAddWithoutValidation(RequestWriter.EmailHeader, visitor.Email);
        }
        if (x.Span is { } span) request.Headers.TryAddWithoutValidation(EdgeTrace.ParentHeader, span.Id);
        foreach (var (name, value) in x.Forwarded.Of(x, trustedProxies)) request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    public static void WriteHead(Exchange x, HttpResponseMessage response)
    {
        x.IsAnswered = true;
        x.Response.StatusCode = (int)response.StatusCode;
        CopyHeaders(x, response.Headers.NonValidated);
        CopyHeaders(x, response.Content.Headers.NonValidated);
        x.Response.Headers["X-Request-Id"] = x.RequestId;
    }

    public static void WriteTrailers(Exchange x, HttpResponseMessage response)
    {
        if (x.Features.Get<IHttpResponseTrailersFeature>() is not { } trailers) return;
        foreach (var (name, values) in response.TrailingHeaders.NonValidated) trailers.Trailers[name] = values.ToArray();
    }

    private static void CopyHeaders(Exchange x, HttpHeadersNonValidated headers)
    {
        foreach (var (name, values) in headers)
        {
            if (Upstreams.HeaderName.IsForwarded(name)) x.Response.Headers[name] = values.ToArray();
        }
    }

    /// <summary>
    /// The client's body as it arrives, each piece sent at once. It can be sent once; a call that could not connect has not started it.
    /// </summary>
    private sealed class BodyContent(Exchange x) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync(); // the head at once: the client may send nothing before the instance's head arrives
            while (true)
            {
                var read = await x.BodyReader.ReadAsync();
                foreach (var segment in read.Buffer) await stream.WriteAsync(segment);
                x.BodyReader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted || read.IsCanceled) return;
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

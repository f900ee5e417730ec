using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

/// <summary>gRPC as it lies on the wire: HTTP/2, both directions at once, trailers.</summary>
public class GrpcTests
{
    private static HttpRequestMessage Call(HttpContent content)
    {
        content.Headers.TryAddWithoutValidation("Content-Type", "application/grpc+proto");
        var request = new HttpRequestMessage(HttpMethod.Post, "/pkg.Service/Method") { Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        return request;
    }

    [Fact]
    public async Task Call_Duplex_StreamsBothWaysAndEndsWithTrailers()
    {
        var seen = "";
        await using var origin = await WebOrigin.StartAsync(async c =>
        {
            seen = $"{c.Request.Protocol} {c.Request.Host} {c.Request.Headers["te"]} {c.Request.Headers["X-Forwarded-For"]}";
            c.Response.ContentType = "application/grpc+proto";
            c.Response.DeclareTrailer("grpc-status");
            await c.Response.Body.FlushAsync();
            var block = new byte[100];
            while (await c.Request.Body.ReadAsync(block) is > 0 and var count)
            {
                await c.Response.Body.WriteAsync(block.AsMemory(0, count));
                await c.Response.Body.FlushAsync();
            }
            c.Response.AppendTrailer("grpc-status", "0");
        }, HttpProtocols.Http2);
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient(HttpVersion.Version20);
        var pipe = new System.IO.Pipelines.Pipe();
        using var response = await client.SendAsync(Call(new FlushedContent(pipe.Reader)), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal($"HTTP/2 {TestEdge.Host} trailers 127.0.0.1", seen);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await using var body = await response.Content.ReadAsStreamAsync();
        var received = new byte[4];
        for (var i = 0; i < 5; i++)
        {
            await pipe.Writer.WriteAsync(Encoding.ASCII.GetBytes($"msg{i}"));
            await body.ReadExactlyAsync(received);
            Assert.Equal($"msg{i}", Encoding.ASCII.GetString(received));
        }
        await pipe.Writer.CompleteAsync();
        Assert.Equal(0, await body.ReadAsync(received));
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
    }

    /// <summary>Sends each piece at once, as gRPC clients do.</summary>
    private sealed class FlushedContent(System.IO.Pipelines.PipeReader reader) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            // the head goes with the first flush; without it only what else the connection has to say takes it along
            await stream.FlushAsync();
            while (await reader.ReadAsync() is { Buffer.IsEmpty: false } read)
            {
                foreach (var segment in read.Buffer) await stream.WriteAsync(segment);
                reader.AdvanceTo(read.Buffer.End);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    [Fact]
    public async Task Call_WithoutAnswer_EndsAsGrpcStatus()
    {
        await using var origin = RawOrigin.Answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var edge = await TestEdge.BeforeAsync(origin.EndPoint);
        using var client = edge.CreateClient(HttpVersion.Version20);
        using var response = await client.SendAsync(Call(new ByteArrayContent([0, 0, 0, 0, 0])));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("14", response.Headers.GetValues("grpc-status").Single());
        Assert.Equal("application/grpc", response.Content.Headers.ContentType!.ToString());
    }
}

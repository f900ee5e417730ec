using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Strata.Rpc.Tests;

namespace Strata.Rpc.Benchmarks;

/// <summary>What is measured, and its limit.</summary>
internal static class EchoServers
{
    public static async Task RunAsync(string which, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http2));
        await using var app = builder.Build();
        if (which == "strata") app.MapRpc(new EchoBack());
        else app.MapPost("/strata.test.Echo/Unary", (RequestDelegate)EchoFrameAsync);
        await app.RunAsync();
    }

    /// <summary>No message is read or written: the body goes back as it came, with the trailer of a call that went well.</summary>
    private static async Task EchoFrameAsync(HttpContext http)
    {
        var body = http.Request.BodyReader;
        http.Response.ContentType = "application/grpc";
        while (true)
        {
            var read = await body.ReadAsync();
            foreach (var part in read.Buffer) http.Response.BodyWriter.Write(part.Span);
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }
        http.Response.AppendTrailer("grpc-status", "0");
    }

    private static void Write(this System.IO.Pipelines.PipeWriter writer, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(writer.GetSpan(bytes.Length));
        writer.Advance(bytes.Length);
    }

    private sealed class EchoBack : Echo.EchoBase
    {
        public override Task<EchoReply> Unary(EchoRequest request, ServerCallContext context) =>
            Task.FromResult(new EchoReply { Text = request.Text, Payload = request.Payload });
    }
}

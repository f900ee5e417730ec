using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Strata.Wire.CloudEvents;

namespace Strata.Compute.Benchmarks;

/// <summary>A compute member over gRPC that answers each processor with the document it was given.</summary>
internal sealed class BenchMember : IAsyncDisposable
{
    private static readonly Marshaller<CloudEvent> Events = Marshallers.Create(
        (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => CloudEvent.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));

    private static readonly Method<CloudEvent, CloudEvent> Streaming =
        new(MethodType.DuplexStreaming, CloudEventsService.Descriptor.FullName, "startStreaming", Events, Events);

    private readonly GrpcChannel channel;
    private readonly AsyncDuplexStreamingCall<CloudEvent, CloudEvent> stream;
    private readonly SemaphoreSlim sending = new(1);

    private BenchMember(GrpcChannel channel, string token)
    {
        this.channel = channel;
        stream = channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            Streaming, null, new CallOptions(new Metadata { { "authorization", "Bearer " + token } }));
    }

    public static async Task<BenchMember> JoinAsync(string url, string token)
    {
        var member = new BenchMember(GrpcChannel.ForAddress(url), token);
        await member.SendAsync("CalculationMemberJoinEvent", """{"tags":["bench"],"maxConcurrentCalls":256}""");
        await member.stream.ResponseStream.MoveNext(default);
        _ = member.ServeAsync();
        return member;
    }

    public async ValueTask DisposeAsync()
    {
        stream.Dispose();
        await channel.ShutdownAsync();
        channel.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (await stream.ResponseStream.MoveNext(default)) await AnswerAsync(stream.ResponseStream.Current);
        }
        catch (RpcException)
        {
            // The benchmark is over.
        }
    }

    private async Task AnswerAsync(CloudEvent message)
    {
        using var call = JsonDocument.Parse(message.TextData);
        if (!call.RootElement.TryGetProperty("requestId", out var request)) return;
        var data = call.RootElement.GetProperty("payload").GetProperty("data").GetRawText();
        await SendAsync("EntityProcessorCalculationResponse", $$$"""{"requestId":"{{{request.GetString()}}}","success":true,"payload":{"type":"JSON","data":{{{data}}}}}""");
    }

    private async Task SendAsync(string type, string payload)
    {
        await sending.WaitAsync();
        try
        {
            await stream.RequestStream.WriteAsync(
                new CloudEvent { Id = "1", Source = "bench", SpecVersion = "1.0", Type = type, TextData = payload });
        }
        finally
        {
            sending.Release();
        }
    }
}

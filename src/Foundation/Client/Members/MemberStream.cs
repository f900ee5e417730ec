using System.Text.Json;
using System.Threading.Channels;
using Grpc.Core;
using Grpc.Net.Client;
using Strata.Wire.CloudEvents;
using Strata.Core;

namespace Strata.Client;

/// <summary>One connection of a member: joins, answers calls side by side, and leaves in order.</summary>
internal sealed class MemberStream : IAsyncDisposable
{
    private const int MessageBytesMax = 16 << 20;

    private readonly MemberOptions options;
    private readonly Func<string, CallContext, JsonElement, string?, CancellationToken, Task<MemberAnswer>> answer;
    private readonly GrpcChannel channel;
    private readonly AsyncDuplexStreamingCall<CloudEvent, CloudEvent> stream;
    private readonly Channel<CloudEvent> outgoing = Channel.CreateUnbounded<CloudEvent>(new UnboundedChannelOptions { SingleReader = true }); // bounded by the calls in flight
    private readonly CancellationTokenSource over = new();
    private int open;
    private volatile bool isLeaving;

    public MemberStream(StrataClient strata, MemberOptions options, Func<string, CallContext, JsonElement, string?, CancellationToken, Task<MemberAnswer>> answer)
    {
        (this.options, this.answer) = (options, answer);
        channel = GrpcChannel.ForAddress(strata.Address, new GrpcChannelOptions { MaxReceiveMessageSize = MessageBytesMax, HttpHandler = Handler(), DisposeHttpClient = true });
        var metadata = new Metadata { { "authorization", "Bearer " + strata.Token } };
        stream = new CloudEventsService.CloudEventsServiceClient(channel).startStreaming(metadata);
    }

    /// <summary>A server whose machine is gone says nothing, so it is asked.</summary>
    private static SocketsHttpHandler Handler() => new()
    {
        KeepAlivePingDelay = TimeSpan.FromSeconds(15), KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        AllowAutoRedirect = false, // the token must not travel to where an answer points
    };

    /// <summary>Until the connection ends, or, once cancelled, until the last call is answered.</summary>
    public async Task ServeAsync(CancellationToken cancellationToken)
    {
        Send("CalculationMemberJoinEvent", new { tags = options.Tags, maxConcurrentCalls = options.ConcurrentCallsMax });
        var sending = SendAllAsync();
        await using var leaving = cancellationToken.Register(Leave);
        while (await stream.ResponseStream.MoveNext(CancellationToken.None)) Take(stream.ResponseStream.Current);
        outgoing.Writer.TryComplete();
        await sending;
    }

    public async ValueTask DisposeAsync()
    {
        outgoing.Writer.TryComplete();
        await over.CancelAsync();
        stream.Dispose();
        channel.Dispose();
        over.Dispose();
    }

    private async Task SendAllAsync()
    {
        await foreach (var message in outgoing.Reader.ReadAllAsync()) await stream.RequestStream.WriteAsync(message);
        await stream.RequestStream.CompleteAsync();
    }

    private void Leave()
    {
        Send("CalculationMemberLeaveEvent", new { });
        isLeaving = true;
        if (Volatile.Read(ref open) == 0) outgoing.Writer.TryComplete();
    }

    private void Take(CloudEvent message)
    {
        var kind = message.Type switch
        {
            "EntityProcessorCalculationRequest" => HandlerTable.Processor,
            "EntityCriteriaCalculationRequest" => HandlerTable.Criterion,
            "EntityFunctionCalculationRequest" => HandlerTable.Schedule,
            _ => null,
        };
        if (message.Type == "CalculationMemberGreetEvent") options.OnJoined?.Invoke();
        else if (message.Type == "CalculationMemberKeepAliveEvent") Send("EventAckResponse", new { sourceEventId = message.Id, success = true });
        else if (kind is not null)
        {
            Interlocked.Increment(ref open);
            _ = Task.Run(() => ServeAsync(kind, message));
        }
    }

    /// <summary>A request that cannot be read is left without an answer, which the server gives up on by itself; it does not keep the member from leaving.</summary>
    private async Task ServeAsync(string kind, CloudEvent message)
    {
        try
        {
            var request = JsonElement.Parse(message.TextData, new JsonDocumentOptions { MaxDepth = JsonGuard.DepthMax + 8 });
            var token = message.Attributes.TryGetValue("cyodatxtoken", out var attribute) ? attribute.CeString : null;
            var entity = request.TryGetProperty("payload", out var payload) ? payload : default;
            var data = entity.ValueKind == JsonValueKind.Object ? entity.GetProperty("data") : JsonElement.Parse("{}"u8);
            var done = await answer(kind, ContextOf(kind, request, entity), data, token, over.Token);
            Send(message.Type.Replace("Request", "Response", StringComparison.Ordinal), AnswerOf(kind, request, done));
        }
        finally
        {
            if (Interlocked.Decrement(ref open) == 0 && isLeaving) outgoing.Writer.TryComplete();
        }
    }

    private static CallContext ContextOf(string kind, JsonElement request, JsonElement entity) => new()
    {
        Name = request.GetProperty(kind == HandlerTable.Criterion ? "criteriaName" : kind + "Name").GetString()!,
        EntityId = request.GetProperty("entityId").GetGuid(),
        Meta = entity.ValueKind == JsonValueKind.Object ? entity.GetProperty("meta").Deserialize(WireJson.Of<EntityMeta>()) : null,
        Workflow = request.TryGetProperty("workflow", out var workflow) ? workflow.GetProperty("name").GetString()! : "",
        Transition = request.TryGetProperty("transition", out var transition) ? transition.Deserialize(WireJson.Of<CallTransition>()) : null,
        Parameters = request.TryGetProperty("parameters", out var parameters) ? parameters.GetString() : null,
    };

    private static Dictionary<string, object?> AnswerOf(string kind, JsonElement request, MemberAnswer done)
    {
        var told = new Dictionary<string, object?> { ["requestId"] = request.GetProperty("requestId").GetString(), ["entityId"] = request.GetProperty("entityId").GetString(), ["success"] = done.Failure is null };
        if (done.Failure is { } failure)
        {
            var error = (failure as StrataException)?.Error;
            told["error"] = new { code = error?.Code ?? failure.GetType().Name, message = failure.Message, retryable = error?.Retryable ?? false };
        }
        else if (kind == HandlerTable.Criterion) told["matches"] = done.Value;
        else if (kind == HandlerTable.Schedule) (told["resultKind"], told["result"]) = ("Schedule", done.Value);
        else if (done.Value is { } data) told["payload"] = new { type = "JSON", data };
        return told;
    }

    private void Send(string type, object payload) => outgoing.Writer.TryWrite(new CloudEvent
    {
        Id = Guid.CreateVersion7(options.Time.GetUtcNow()).ToString(), Source = "strata-member", SpecVersion = "1.0", Type = type,
        TextData = JsonSerializer.Serialize(payload, WireJson.Options.GetTypeInfo(payload.GetType())),
    });
}

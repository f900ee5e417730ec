using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Grpc.Core;
using Grpc.Net.Client;
using Strata.Wire.CloudEvents;
using Strata.Core;

namespace Strata.Client;

/// <summary>
/// One connection of a member: joins, answers calls side by side, and leaves in order. What the server sends is bounded on this side too:
/// at most <see cref="MemberOptions.ConcurrentCallsMax"/>
/// handlers run, as many calls wait for a place, and more are answered with MEMBER_BUSY. An answer that the server does not take keeps
/// its place, so that a server that reads nothing starts nothing.
/// </summary>
internal sealed class MemberStream : IAsyncDisposable
{
    private const int MessageBytesMax = 16 << 20;

    /// <summary>
    /// Messages that wait to be sent. Answers wait for room; acknowledgements and refusals are dropped when the queue is full: the messages
    /// ahead of them already show the server that the member is alive.
    /// </summary>
    private const int OutgoingMax = 256;

    /// <summary>Of calls that wait for a place.</summary>
    private const long WaitingBytesMax = 64L << 20;

    private static readonly ActivitySource Source = new("Strata.Client");

    private readonly MemberOptions options;
    private readonly Func<string, CallContext, JsonElement, string?, CancellationToken, Task<MemberAnswer>> answer;
    private readonly GrpcChannel channel;
    private readonly AsyncDuplexStreamingCall<CloudEvent, CloudEvent> stream;
    private readonly SemaphoreSlim places;
    private readonly Channel<CloudEvent> outgoing =
        Channel.CreateBounded<CloudEvent>(new BoundedChannelOptions(OutgoingMax) { SingleReader = true });
    private readonly CancellationTokenSource over = new();
    private readonly CancellationTokenSource cut;
    private int open;
    private int waiting;
    private long waitingBytes;
    private volatile bool isLeaving;

    /// <param name="places">One for each handler that may run, of all connections of the member together: handlers of a lost connection
    /// may run on.</param>
    public MemberStream(
        StrataClient strata, MemberOptions options, SemaphoreSlim places, Func<string, CallContext, JsonElement, string?,
            CancellationToken, Task<MemberAnswer>> answer)
    {
        (this.options, this.places, this.answer) = (options, places, answer);
        cut = new CancellationTokenSource(Timeout.InfiniteTimeSpan, options.Time);
        channel = GrpcChannel.ForAddress(strata.Address,
            new GrpcChannelOptions { MaxReceiveMessageSize = MessageBytesMax, HttpHandler = Handler(), DisposeHttpClient = true });
        var metadata = new Metadata { { "authorization", "Bearer " + strata.Token } };
        stream = new CloudEventsService.CloudEventsServiceClient(channel).startStreaming(metadata);
    }

    /// <summary>A server whose machine is gone says nothing, so it is asked.</summary>
    private static SocketsHttpHandler Handler() => new()
    {
        KeepAlivePingDelay = TimeSpan.FromSeconds(15), KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        AllowAutoRedirect = false, // the token must not travel to where an answer points
    };

    /// <summary>
    /// Until the connection ends, or, once cancelled, until the last call is answered and the server has closed the stream, for <see
    /// cref="MemberOptions.LeaveTimeout"/> at most.
    /// </summary>
    public async Task ServeAsync(CancellationToken cancellationToken)
    {
        TrySend("CalculationMemberJoinEvent", new { tags = options.Tags, maxConcurrentCalls = options.ConcurrentCallsMax });
        var sending = SendAllAsync();
        await using var leaving = cancellationToken.Register(() => _ = LeaveAsync());
        while (await stream.ResponseStream.MoveNext(cut.Token)) Take(stream.ResponseStream.Current);
        outgoing.Writer.TryComplete();
        await sending.WaitAsync(cut.Token);
    }

    public async ValueTask DisposeAsync()
    {
        outgoing.Writer.TryComplete();
        await over.CancelAsync();
        stream.Dispose();
        channel.Dispose();
        over.Dispose();
        cut.Dispose();
    }

    private async Task SendAllAsync()
    {
        try
        {
            await foreach (var message in outgoing.Reader.ReadAllAsync()) await stream.RequestStream.WriteAsync(message, cut.Token);
            await stream.RequestStream.CompleteAsync();
        }
        catch
        {
            outgoing.Writer.TryComplete(); // releases the answers that wait for room
            throw;
        }
    }

    /// <summary>
    /// Unlike acknowledgements, this event waits for room: a server that does not get it sends calls until the connection is cut.
    /// </summary>
    private async Task LeaveAsync()
    {
        cut.CancelAfter(options.LeaveTimeout);
        try
        {
            await outgoing.Writer.WriteAsync(EventOf("CalculationMemberLeaveEvent", new { }), over.Token);
        }
        catch (Exception e) when (e is ChannelClosedException or OperationCanceledException)
        {
            return; // the connection is over
        }
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
        else if (message.Type == "CalculationMemberKeepAliveEvent") TrySend("EventAckResponse",
            new { sourceEventId = message.Id, success = true });
        else if (kind is not null) Accept(kind, message);
    }

    private void Accept(string kind, CloudEvent message)
    {
        var bytes = places.CurrentCount > 0 ? 0 : message.CalculateSize(); // 0: it need not wait
        if (bytes > 0 && (Volatile.Read(ref waiting) >= options.ConcurrentCallsMax
            || Interlocked.Read(ref waitingBytes) + bytes > WaitingBytesMax))
        {
            Refuse(kind, message);
            return;
        }
        Interlocked.Increment(ref open);
        Wait(bytes, 1);
        var place = places.WaitAsync(over.Token);
        _ = Task.Run(() => ServeAsync(kind, message, place, bytes));
    }

    private void Wait(int bytes, int step)
    {
        if (bytes == 0) return;
        Interlocked.Add(ref waiting, step);
        Interlocked.Add(ref waitingBytes, (long)bytes * step);
    }

    /// <summary>A request that cannot be read is left without an answer, which the server gives up on by itself.</summary>
    private void Refuse(string kind, CloudEvent message)
    {
        try
        {
            TrySend(AnswerType(message), AnswerOf(kind, Read(message), new MemberAnswer(null,
                ClientErrors.MemberBusy(options.ConcurrentCallsMax).ToException())));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // Nothing to answer to.
        }
    }

    /// <summary>
    /// A request that cannot be read is left without an answer, which the server gives up on by itself; it does not keep the member from
    /// leaving.
    /// </summary>
    private async Task ServeAsync(string kind, CloudEvent message, Task place, int bytes)
    {
        try
        {
            await place.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Wait(bytes, -1);
            if (!place.IsCompletedSuccessfully) return; // the connection is over
            try
            {
                await AnswerAsync(kind, message);
            }
            finally
            {
                places.Release();
            }
        }
        finally
        {
            if (Interlocked.Decrement(ref open) == 0 && isLeaving) outgoing.Writer.TryComplete();
        }
    }

    private async Task AnswerAsync(string kind, CloudEvent message)
    {
        var request = Read(message);
        var token = message.Attributes.TryGetValue("cyodatxtoken", out var attribute) ? attribute.CeString : null;
        var entity = request.TryGetProperty("payload", out var payload) ? payload : default;
        var data = entity.ValueKind == JsonValueKind.Object ? entity.GetProperty("data") : JsonElement.Parse("{}"u8);
        var context = ContextOf(kind, request, entity);
        using var span = Start(context, message);
        var done = await answer(kind, context, data, token, over.Token);
        if (done.Failure is { } failure) span?.SetStatus(ActivityStatusCode.Error, failure.Message);
        var response = EventOf(AnswerType(message), AnswerOf(kind, request, done));
        while (await outgoing.Writer.WaitToWriteAsync(over.Token))
        {
            if (outgoing.Writer.TryWrite(response)) return;
        }
    }

    /// <summary>A span for the handler's work, in the trace of the call; null where the program traces nothing.</summary>
    private static Activity? Start(CallContext context, CloudEvent message)
    {
        if (!Source.HasListeners()) return null;
        var parent = message.Attributes.TryGetValue("traceparent", out var attribute)
            && ActivityContext.TryParse(attribute.CeString, null, isRemote: true, out var call) ? call : default;
        return Source.StartActivity("member.work " + context.Name, ActivityKind.Server, parent)?.SetTag(
            "strata.entity", context.EntityId.ToString());
    }

    private static JsonElement Read(CloudEvent message) => JsonElement.Parse(message.TextData,
        new JsonDocumentOptions { MaxDepth = JsonGuard.DepthMax + 8 });

    private static string AnswerType(CloudEvent message) => message.Type.Replace("Request", "Response", StringComparison.Ordinal);

    private static CallContext ContextOf(string kind, JsonElement request, JsonElement entity) => new()
    {
        Name = request.GetProperty(kind == HandlerTable.Criterion ? "criteriaName" : kind + "Name").GetString()!,
        EntityId = request.GetProperty("entityId").GetGuid(),
        Meta = entity.ValueKind == JsonValueKind.Object ? entity.GetProperty("meta").Deserialize(WireJson.Of<EntityMeta>()) : null,
        Workflow = request.TryGetProperty("workflow", out var workflow) ? workflow.GetProperty("name").GetString()! : "",
        Transition = request.TryGetProperty("transition", out var transition)
            ? transition.Deserialize(WireJson.Of<CallTransition>()) : null,
        Parameters = request.TryGetProperty("parameters", out var parameters) ? parameters.GetString() : null,
    };

    private static Dictionary<string, object?> AnswerOf(string kind, JsonElement request, MemberAnswer done)
    {
        var answer = new Dictionary<string, object?>
        {
            ["requestId"] = request.GetProperty("requestId").GetString(),
            ["entityId"] = request.GetProperty("entityId").GetString(),
            ["success"] = done.Failure is null,
        };
        if (done.Failure is { } failure)
        {
            var error = (failure as StrataException)?.Error;
            answer["error"] = new
            {
                code = error?.Code ?? failure.GetType().Name,
                message = failure.Message,
                retryable = error?.Retryable ?? false,
            };
        }
        else if (kind == HandlerTable.Criterion) answer["matches"] = done.Value;
        else if (kind == HandlerTable.Schedule) (answer["resultKind"], answer["result"]) = ("Schedule", done.Value);
        else if (done.Value is { } data) answer["payload"] = new { type = "JSON", data };
        return answer;
    }

    private void TrySend(string type, object payload) => outgoing.Writer.TryWrite(EventOf(type, payload));

    private CloudEvent EventOf(string type, object payload) => new()
    {
        Id = Guid.CreateVersion7(options.Time.GetUtcNow()).ToString(), Source = "strata-member", SpecVersion = "1.0", Type = type,
        TextData = JsonSerializer.Serialize(payload, WireJson.Options.GetTypeInfo(payload.GetType())),
    };
}

using System.Text.Json;
using System.Threading.Channels;
using Grpc.Core;
using Strata.CloudEvents.Events;
using Strata.Wire.CloudEvents;
using Strata.Compute.Members;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Rpc.Errors;

namespace Strata.CloudEvents.Members;

/// <summary>What sessions work with.</summary>
internal sealed record SessionParts(MemberDirectory Directory, EventWriter Events, MemberClock Clock, TimeProvider Time)
{
    private const long QueuedBytesMax = 128L << 20;

    /// <summary>Calls that wait to be sent to members that read slowly; one organization's use half of it at most.</summary>
    public ByteBudget Queued { get; } = new("calls to compute members", new ShareSize(QueuedBytesMax));
}

/// <summary>How often each end must send something.</summary>
internal sealed record MemberClock(TimeSpan KeepAlive, TimeSpan SilenceMax)
{
    public static readonly MemberClock Default = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30));
}

/// <summary>
/// A compute member's stream, from its join to its end: calls go out in order through a bounded queue, answers come in, and both ends send
/// keep-alives. Whatever ends the stream, callers that wait for the member are notified at once. One whose token is no longer good gets no
/// more calls, and has the time of a keep-alive to answer those that it has.
/// </summary>
/// <param name="isStillGood">Whether the member's token still lets it compute.</param>
internal sealed class MemberSession(
    SessionParts parts, TenantId tenant, string actor, string? project, IAsyncStreamReader<CloudEvent> requests,
    IServerStreamWriter<CloudEvent> responses, Func<CancellationToken, ValueTask<bool>> isStillGood, CancellationToken over)
    : IMemberConnection
{
    /// <summary>
    /// Calls and keep-alives that may wait to be sent, beside their bytes; a member that reads slower is as one that is gone.
    /// </summary>
    private const int QueueMax = 10_240;

    private static readonly Error JoinFirst = EventReader.Faulty("The first event of a member must be CalculationMemberJoinEvent.");

    private static readonly Error TokenEnded = new(
        ErrorKind.Unauthenticated, "UNAUTHORIZED", "The member's token has ended, or no longer grants what it did.",
        "Connect again with a token that grants compute.join.");

    private readonly Channel<Outgoing> outgoing = Channel.CreateBounded<Outgoing>(
        new BoundedChannelOptions(QueueMax) { SingleReader = true });
    private long heardAt = parts.Time.GetTimestamp();

    public Result<bool> TrySend(MemberCall call)
    {
        var message = MemberEvents.Call(parts.Events, call);
        if (!parts.Queued.TryReserve(tenant, message.CalculateSize()).TryGet(out var bytes, out var busy)) return busy;
        if (outgoing.Writer.TryWrite(new Outgoing(message, bytes))) return true;
        bytes.Dispose();
        return false;
    }

    public async Task RunAsync()
    {
        var member = await JoinAsync();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(over);
        try
        {
            Task[] work = [ReceiveAsync(member, ends.Token), SendAsync(ends.Token), KeepAliveAsync(member, ends.Token)];
            var first = await Task.WhenAny(work);
            parts.Directory.Leave(member);
            await ends.CancelAsync();
            await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await first;
        }
        finally
        {
            parts.Directory.Leave(member);
            outgoing.Writer.TryComplete();
            while (outgoing.Reader.TryRead(out var unsent)) unsent.Bytes?.Dispose();
        }
    }

    private async Task<Member> JoinAsync()
    {
        if (!await requests.MoveNext(over) || requests.Current.Type != MemberEvents.Join) throw JoinFirst.ToRpcException();
        if (!EventReader.Read(requests.Current).TryGet(out var payload, out var error)) throw error.ToRpcException();
        using (payload)
        {
            var joined = parts.Directory.Join(
                tenant, actor, MemberEvents.TagsOf(payload.RootElement), MemberEvents.LimitOf(payload.RootElement), this, project);
            if (!joined.TryGet(out var member, out error)) throw error.ToRpcException();
            await responses.WriteAsync(MemberEvents.Greet(parts.Events, member), over);
            return member;
        }
    }

    private async Task ReceiveAsync(Member member, CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken))
        {
            Interlocked.Exchange(ref heardAt, parts.Time.GetTimestamp());
            Take(member, requests.Current);
        }
    }

    /// <summary>
    /// Keep-alives and acknowledgements are heard and never answered: otherwise two ends that answer each other would not stop.
    /// </summary>
    private void Take(Member member, CloudEvent message)
    {
        if (message.Type == MemberEvents.Leave) parts.Directory.Drain(member);
        if (!MemberEvents.IsAnswer(message.Type) || !EventReader.Read(message).TryGet(out var payload, out _)) return;
        using (payload)
        {
            if (RequestIdOf(payload.RootElement) is { } id) member.TryAnswer(id, MemberEvents.Answer(message.Type, payload.RootElement));
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        await foreach (var next in outgoing.Reader.ReadAllAsync(cancellationToken))
        {
            using (next.Bytes) await responses.WriteAsync(next.Message, cancellationToken);
        }
    }

    private async Task KeepAliveAsync(Member member, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(parts.Clock.KeepAlive, parts.Time);
        for (var isGood = true; await timer.WaitForNextTickAsync(cancellationToken);)
        {
            if (!isGood) throw TokenEnded.ToRpcException();
            if (!(isGood = await isStillGood(cancellationToken))) parts.Directory.Drain(member);
            if (parts.Time.GetElapsedTime(Interlocked.Read(ref heardAt)) > parts.Clock.SilenceMax)
                throw new RpcException(new Status(
                    StatusCode.DeadlineExceeded, $"The member sent nothing for {parts.Clock.SilenceMax.TotalSeconds:0} s."));
            outgoing.Writer.TryWrite(new Outgoing(MemberEvents.KeepAlive(parts.Events, member), null));
        }
    }

    /// <param name="Bytes">Reserved for it; null: too small to count.</param>
    private readonly record struct Outgoing(CloudEvent Message, ShareLease? Bytes);

    private static string? RequestIdOf(JsonElement payload) =>
        payload.TryGetProperty("requestId", out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null;
}

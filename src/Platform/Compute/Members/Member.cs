using System.Collections.Concurrent;
using Strata.Core;

namespace Strata.Compute.Members;

/// <summary>How a call to a member ended that brought no answer.</summary>
internal sealed class MemberLostException : Exception;

/// <summary>
/// A connected member: what it serves, what it works on, how it does. An answer is taken once, from the member that was asked, while
/// a caller waits for it; any other is dropped and counted. Safe for concurrent use; the directory guards its place among the others.
/// </summary>
public sealed class Member
{
    private readonly IMemberConnection connection;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<MemberAnswer>> waiting = new(StringComparer.Ordinal);
    private readonly LatencyHistogram latencies = new();
    private volatile bool isGone;
    private long calls;
    private long failures;
    private long lost;
    private long dropped;

    internal Member(MemberJoin join, long number, IMemberConnection connection, TimeProvider time)
    {
        (Join, Number, this.connection, this.time) = (join, number, connection, time);
        ConnectedAt = time.GetUtcNow();
        Id = Guid.CreateVersion7(ConnectedAt);
        SortedTags = string.Join('\n', join.Tags.Order(StringComparer.Ordinal));
    }

    public Guid Id { get; }
    public MemberJoin Join { get; }
    public DateTimeOffset ConnectedAt { get; }

    /// <summary>It gets no new calls.</summary>
    public bool IsLeaving { get; internal set; }

    /// <summary>Calls that it works on, or that are about to be sent. Guarded by the directory.</summary>
    internal int InFlight { get; set; }

    /// <summary>In the order of arrival.</summary>
    internal long Number { get; }

    /// <summary>Its tags as one text, equal to that of a member with the same tags.</summary>
    internal string SortedTags { get; }

    /// <summary>Which call of the directory it was given last. Guarded by the directory.</summary>
    internal long LastGiven { get; set; }

    internal bool IsGone => isGone;

    public MemberReport Report() => new()
    {
        Id = Id, Name = Join.Actor, Tags = Join.Tags, Limit = Join.Limit, ConnectedAt = ConnectedAt, IsLeaving = IsLeaving,
        InFlight = waiting.Count,
        Calls = Interlocked.Read(ref calls), Failures = Interlocked.Read(ref failures), Lost = Interlocked.Read(ref lost),
        Dropped = Interlocked.Read(ref dropped),
        P50 = latencies.Quantile(0.5), P99 = latencies.Quantile(0.99),
    };

    /// <summary>Takes an answer; false if no caller waits for it: it came too late, twice, or was never requested.</summary>
    public bool TryAnswer(string requestId, MemberAnswer answer)
    {
        if (waiting.TryRemove(requestId, out var waiter) && waiter.TrySetResult(answer)) return true;
        Interlocked.Increment(ref dropped);
        return false;
    }

    /// <returns>Its answer, or SERVER_BUSY: the call was not sent.</returns>
    /// <exception cref="MemberLostException">It went away before it answered, or could not be reached.</exception>
    internal async ValueTask<Result<MemberAnswer>> AskAsync(MemberCall call, CancellationToken cancellationToken)
    {
        var waiter = new TaskCompletionSource<MemberAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[call.RequestId] = waiter;
        var startedAt = time.GetTimestamp();
        Interlocked.Increment(ref calls);
        try
        {
            if (isGone) throw new MemberLostException();
            if (!connection.TrySend(call).TryGet(out var sent, out var busy)) return busy;
            if (!sent) throw new MemberLostException();
            var answer = await waiter.Task.WaitAsync(cancellationToken);
            latencies.Add(time.GetElapsedTime(startedAt));
            if (answer.Failure is not null) Interlocked.Increment(ref failures);
            return answer;
        }
        catch (Exception e)
        {
            Interlocked.Increment(ref e is MemberLostException ? ref lost : ref failures);
            throw;
        }
        finally
        {
            waiting.TryRemove(call.RequestId, out _);
        }
    }

    /// <summary>Fails the calls that wait for it.</summary>
    internal void Lose()
    {
        isGone = true;
        foreach (var (id, _) in waiting)
        {
            if (waiting.TryRemove(id, out var waiter)) waiter.TrySetException(new MemberLostException());
        }
    }
}

/// <summary>What a member says of itself when it joins.</summary>
/// <param name="Actor">Of its token.</param>
/// <param name="Limit">Calls that it works on at once.</param>
public sealed record MemberJoin(TenantId Tenant, string Actor, IReadOnlyList<string> Tags, int Limit, string? Project = null);

/// <summary>How a member is, at one moment.</summary>
public sealed record MemberReport
{
    public required Guid Id { get; init; }

    /// <summary>Whose token it joined with.</summary>
    public required string Name { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }
    public required int Limit { get; init; }
    public required DateTimeOffset ConnectedAt { get; init; }
    public bool IsLeaving { get; init; }
    public int InFlight { get; init; }
    public long Calls { get; init; }

    /// <summary>Answered with an error, or not in time.</summary>
    public long Failures { get; init; }

    /// <summary>It went away before it answered.</summary>
    public long Lost { get; init; }

    /// <summary>Answers that no caller waited for.</summary>
    public long Dropped { get; init; }
    public TimeSpan P50 { get; init; }
    public TimeSpan P99 { get; init; }
}

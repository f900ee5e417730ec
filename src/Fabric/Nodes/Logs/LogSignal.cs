using System.Threading.Channels;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Nodes.Logs;

/// <summary>
/// Notifier one follower of logs: when one of its streams has grown, or when its organization's log has, because then streams may come or
/// end. Has it read at least each <see cref="PollEvery"/>, because wake-ups may be lost, also while others keep coming. For one waiter.
/// </summary>
internal sealed class LogSignal : IDisposable
{
    /// <summary>Between two looks, so that what comes together is read together.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly Channel<bool> signal = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly TenantId tenant;
    private readonly TimeProvider time;
    private readonly IDisposable appends;
    private readonly IDisposable commits;
    private volatile HashSet<EntityId> streams = [];
    private int grown;
    private long lastRead;

    public LogSignal(ILines lines, IEntityLog log, TenantId tenant, TimeProvider time)
    {
        (this.tenant, this.time, lastRead) = (tenant, time, time.GetTimestamp());
        appends = lines.OnAppend(Appended);
        commits = log.OnCommit(Committed);
    }

    internal TimeSpan PollEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From now on these streams are watched; to be called before they are read.</summary>
    /// <returns>Whether there are others than before.</returns>
    public bool Watch(IReadOnlyList<LogSource> sources)
    {
        var now = sources.Select(s => s.Stream).ToHashSet();
        if (now.SetEquals(streams)) return false;
        streams = now;
        return true;
    }

    /// <returns>Whether the streams are to be read; otherwise only what they are may have changed.</returns>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Pause, time, cancellationToken);
        var isToRead = await IsToReadAsync(PollEvery - time.GetElapsedTime(lastRead), cancellationToken);
        if (isToRead) lastRead = time.GetTimestamp();
        return isToRead;
    }

    private async ValueTask<bool> IsToReadAsync(TimeSpan untilPoll, CancellationToken cancellationToken)
    {
        if (untilPoll <= TimeSpan.Zero) return true;
        using var patience = new CancellationTokenSource(untilPoll, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await signal.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return true;
        }
        return Interlocked.Exchange(ref grown, 0) != 0;
    }

    public void Dispose()
    {
        appends.Dispose();
        commits.Dispose();
    }

    private void Appended(LinesAppended append)
    {
        if (append.Tenant != tenant || !streams.Contains(append.Stream)) return;
        Volatile.Write(ref grown, 1);
        signal.Writer.TryWrite(true);
    }

    private void Committed(TenantHead head)
    {
        if (head.Tenant == tenant) signal.Writer.TryWrite(true);
    }
}

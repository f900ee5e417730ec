using System.Threading.Channels;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Reads by id, coalesced: takes all that wait, up to a bound and never lingering, and asks for them in one round trip on a lane, which is
/// a prepared connection. A batch runs after all that it holds was asked, so each read sees every commit that was acknowledged before.
/// </summary>
/// <remarks>
/// What a batch costs is half in its round trip, so few large ones are cheaper than many small ones: another lane goes to work only where
/// there is enough for it, or when the first takes so long that it must be at large documents.
/// </remarks>
internal sealed class ReadBatcher : IAsyncDisposable
{
    /// <summary>The number of reads that justifies another lane while one is busy.</summary>
    private const int BatchMin = 32;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan ProbePause = TimeSpan.FromSeconds(1);

    private readonly ReadLane[] lanes;
    private readonly Channel<ReadRequest> queue;
    private readonly CancellationTokenSource stop = new();
    private readonly SupervisedWork work;
    private readonly TimeProvider time;
    private readonly TimeSpan ageMax;
    private readonly Action<List<ReadRequest>> take;
    private readonly Action<Exception?> answered;
    private readonly DatabaseWatch watch;
    private volatile bool isFailing;
    private Task tick = Task.CompletedTask;

    /// <param name="openLane">Makes a lane; it connects when it is first used. The token is cancelled at the end.</param>
    public ReadBatcher(
        DatabaseWatch watch, PostgresOptions options, Supervisor supervisor, TimeProvider time, Func<CancellationToken, ReadLane> openLane)
    {
        (this.watch, this.time, ageMax, take, answered) = (watch, time, options.SilenceMax, Take, Answered);
        // A lane keeps one processor busy, on either side of the connection in turns.
        lanes = [.. Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount, 2, 4)).Select(_ => openLane(stop.Token))];
        queue = Channel.CreateBounded<ReadRequest>(new BoundedChannelOptions(options.QueueMax) { SingleReader = true });
        work = supervisor.Start("reader", RunAsync, atEnd: Close);
        watch.Changed += Look;
    }

    /// <summary>
    /// A token that is cancelled meanwhile is looked at when the read's turn comes, and no more after that: the batch is soon answered, and
    /// listening to each would cost as much as all else here.
    /// </summary>
    /// <exception cref="StrataException">STORAGE_UNAVAILABLE at once while the database is away; SERVER_BUSY.</exception>
    public ValueTask<EntityRevision?> ReadAsync(ReadKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        watch.Check();
        var request = new ReadRequest(key, time.GetTimestamp(), cancellationToken);
        if (!queue.Writer.TryWrite(request)) throw queue.Reader.Completion.IsCompleted || stop.IsCancellationRequested
            ? StoreErrors.Closed() : StoreErrors.Busy();
        return new(request.Task);
    }

    public async ValueTask DisposeAsync()
    {
        watch.Changed -= Look;
        await stop.CancelAsync();
        await work.DisposeAsync();
        foreach (var lane in lanes) await lane.DisposeAsync();
        stop.Dispose();
    }

    /// <summary>Ends on request. If it fails, its waiters fail, and the supervisor restarts it.</summary>
    private async Task RunAsync(SupervisedWork self, CancellationToken cancellationToken)
    {
        await using var closing = cancellationToken.Register(() => queue.Writer.TryComplete());
        try
        {
            await ServeAsync(self, cancellationToken);
        }
        catch (Exception e)
        {
            FailAll(StoreErrors.Unavailable(e));
            throw;
        }
    }

    /// <summary>After this nothing enters the queue, and nothing is left in it.</summary>
    private void Close()
    {
        queue.Writer.TryComplete();
        FailAll(StoreErrors.Closed());
    }

    private void FailAll(StrataException fault)
    {
        while (queue.Reader.TryRead(out var request)) request.TrySetException(fault);
    }

    private async Task ServeAsync(SupervisedWork self, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (watch.Reason is { } reason) await WaitUntilBackAsync(self, reason, cancellationToken);
            var lane = await ChooseLaneAsync(); // before there is anything to read: requests that gather meanwhile need not wake this loop
            if (lane is null) continue;
            if (!await WaitForReadsAsync(lane)) return;
            if (watch.Reason is not null || !lane.Work.IsCompleted) continue;
            // those who were just answered ask again first, as in GroupWriter: otherwise batches alternate between small and large
            await Task.Yield();
            lane.Start(take, answered);
        }
    }

    /// <summary>
    /// Heard from lanes. A lane that fails harms its own batch only: the next read tries again, on another lane while this one is at it.
    /// Whether the database is there at all is for the watch to say.
    /// </summary>
    private void Answered(Exception? fault)
    {
        if (fault is null)
        {
            if (watch.Reason is not null) return; // a batch that was on its way
            isFailing = false;
            work.Succeeded();
            return;
        }
        var wasFailing = isFailing;
        isFailing = true;
        // once, because batches that are refused follow each other fast
        if (!wasFailing && !stop.IsCancellationRequested) work.Failed(fault);
        if (!wasFailing) Wake();
    }

    private void Look(Exception? away)
    {
        if (away is not null) Wake();
    }

    /// <summary>
    /// Wakes the loop, which may wait for a read while reads are refused or none arrive. With a full queue it does not wait.
    /// </summary>
    private void Wake()
    {
        var nothing = new ReadRequest(default, time.GetTimestamp(), CancellationToken.None);
        nothing.SetResult(null);
        queue.Writer.TryWrite(nothing);
    }

    /// <summary>
    /// Waits for reads. While the last one failed, the database is asked now and then, so that the end of an outage shows without one.
    /// </summary>
    /// <returns>False when the queue is closed.</returns>
    private async ValueTask<bool> WaitForReadsAsync(ReadLane idle)
    {
        if (!isFailing) return await queue.Reader.WaitToReadAsync(CancellationToken.None);
        var some = queue.Reader.WaitToReadAsync(CancellationToken.None).AsTask();
        while (isFailing && !some.IsCompleted)
        {
            await Task.WhenAny(some, Task.Delay(ProbePause, time, CancellationToken.None));
            if (some.IsCompleted) break;
            idle.Start(_ => { }, answered);
            await Task.WhenAny(some, idle.Work); // a read need not wait for a probe that gets no answer
        }
        return await some;
    }

    /// <summary>
    /// Fails what waits, whose connections may be silent for long, and continues when the database is back. New reads are refused
    /// meanwhile.
    /// </summary>
    private async Task WaitUntilBackAsync(SupervisedWork self, Exception reason, CancellationToken cancellationToken)
    {
        self.Failed(reason);
        while (watch.Reason is { } present)
        {
            FailAll(StoreErrors.Unavailable(present));
            foreach (var lane in lanes)
                if (!lane.Work.IsCompleted) lane.FailAll(present);
            await Task.WhenAny(watch.Back, Task.Delay(ProbePause, time, cancellationToken)); // again: some were let in just before
            cancellationToken.ThrowIfCancellationRequested();
        }
        isFailing = false;
        self.Succeeded();
    }

    /// <summary>Takes a fair share of what waits, so that the lanes that are free work side by side.</summary>
    private void Take(List<ReadRequest> batch)
    {
        var free = lanes.Count(l => l.Work.IsCompleted);
        var share = Math.Clamp((queue.Reader.Count + free - 1) / free, BatchMin, ReadLane.BatchMax);
        while (batch.Count < share && queue.Reader.TryRead(out var request))
        {
            if (request.CancellationToken.IsCancellationRequested) request.TrySetCanceled(request.CancellationToken);
            else if (time.GetElapsedTime(request.AskedAt) > ageMax)
                request.TrySetException(StoreErrors.Unavailable(new TimeoutException("The read waited too long for its turn.")));
            else if (!request.Task.IsCompleted) batch.Add(request);
        }
    }

    /// <returns>Null: the database has gone away.</returns>
    private async ValueTask<ReadLane?> ChooseLaneAsync()
    {
        while (watch.Reason is null)
        {
            var idle = Array.Find(lanes, l => l.Work.IsCompleted);
            if (idle is not null && (queue.Reader.Count >= BatchMin || Array.TrueForAll(lanes, IsNoHelp))) return idle;
            if (idle is null) await Task.WhenAny([.. lanes.Select(l => l.Work), watch.Gone]);
            else await Task.WhenAny([.. lanes.Where(l => !l.Work.IsCompleted).Select(l => l.Work), Tick()]);
        }
        return null;
    }

    /// <summary>Whether waiting for it gains nothing: it has no work, or is long at it.</summary>
    private static bool IsNoHelp(ReadLane lane) => lane.Work.IsCompleted || lane.Busy > Patience;

    /// <summary>
    /// Ends within <see cref="Patience"/>, for another look at the lanes. One timer at a time, because most waits end before; not cancelled
    /// at the end, where it would end at once, again and again.
    /// </summary>
    private Task Tick() => tick.IsCompleted ? tick = Task.Delay(Patience, time, CancellationToken.None) : tick;
}

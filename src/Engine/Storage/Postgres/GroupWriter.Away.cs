using Npgsql;
using Strata.Core;
using Strata.Core.Background;

namespace Strata.Storage.Postgres;

/// <summary>What the writer does while the database is away.</summary>
internal sealed partial class GroupWriter
{
    /// <summary>Longer than Npgsql waits for what was cancelled to end, because asking again makes it wait longer.</summary>
    private static readonly TimeSpan CancelEvery = TimeSpan.FromSeconds(5);

    /// <summary>A connection that takes no longer than the database needs to go away.</summary>
    private async ValueTask<NpgsqlConnection> OpenAsync()
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop.Token, watch.Away);
        try
        {
            return await connections.OpenSingleAsync(either.Token);
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw WentAway(e);
        }
    }

    /// <summary>As from a server that is gone, so that the writer asks for its return.</summary>
    private NpgsqlException WentAway(Exception e) => new($"The database went away: {(watch.Reason ?? e).Message}");

    /// <summary>Again, because a statement that was about to be sent when the others were cancelled is not.</summary>
    private async Task CancelWhileAwayAsync(SupervisedWork self, CancellationToken cancellationToken)
    {
        while (watch.Reason is not null)
        {
            if (cancelAtWork is { } cancel) await Abandoned.Cancel(cancel).WaitAsync(cancellationToken);
            await Task.WhenAny(watch.Back, Task.Delay(CancelEvery, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task<bool> IsBackAsync()
    {
        try
        {
            connection ??= await OpenAsync();
            await using var probe = new NpgsqlCommand("select 1", connection) { CommandTimeout = options.SilenceSeconds };
            cancelAtWork = probe.Cancel;
            await probe.ExecuteNonQueryAsync(stop.Token);
            return true;
        }
        catch (Exception)
        {
            await DropConnectionAsync();
            return false;
        }
    }

    /// <summary>
    /// Those that are at the database get their outcome now, whatever comes of them: as after any lost connection it is open until the
    /// commit is sent again.
    /// </summary>
    private void FailAll(StrataException fault)
    {
        lock (gathering)
        {
            foreach (var request in group.Members) request.Fail(fault);
            foreach (var request in waiting) request.Fail(fault);
            while (queue.Reader.TryRead(out var request))
            {
                Interlocked.Add(ref queuedBytes, -request.DocumentBytes);
                request.Fail(fault);
            }
        }
    }

    /// <summary>
    /// Called by the watch: no commit waits for a database that is unreachable. The statement that was sent is cancelled, so that the
    /// writer is free when the database is back.
    /// </summary>
    private void Look(Exception? away)
    {
        if (away is not null)
        {
            FailAll(StoreErrors.Unavailable(away));
            work.Failed(away);
            supervisor.StartUntilDone(Name, CancelWhileAwayAsync);
        }
        else if (awayBecause is null)
        {
            work.Succeeded();
        }
    }
}

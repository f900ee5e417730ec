namespace Strata.Storage.Postgres;

/// <summary>What to do with a question to the database that is no longer waited for.</summary>
internal static class Abandoned
{
    /// <summary>Its failure is of no interest.</summary>
    public static void Forget(Task asked) =>
        asked.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    /// <summary>
    /// On a thread of its own: Npgsql sends the request to cancel over a new connection, and blocks until the server takes it or the time
    /// to connect is over. Pool threads would be missing elsewhere.
    /// </summary>
    public static Task Cancel(Action cancel)
    {
        var cancelled = Task.Factory.StartNew(cancel, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Forget(cancelled);
        return cancelled;
    }
}

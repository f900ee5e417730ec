using Microsoft.Extensions.Logging;
using Strata.Resources.Servers;

namespace Strata.Api.Peers;

/// <summary>
/// Keeps something going with each other server that is up, for example a stream. Whatever ends it for one server is retried with a
/// growing pause, and ends nothing for the others. Stateless; safe for concurrent use.
/// </summary>
public sealed partial class PeerFollowing(ServerDirectory directory, TimeProvider time, ILogger<PeerFollowing> log)
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Until cancelled: runs the work for each server, again after a pause when it ends, until the server is no longer up.
    /// </summary>
    /// <param name="follow">Ends when the other server ends it; what it throws is logged. Cancelled when the server is gone.</param>
    public async Task RunAsync(Func<PeerServer, CancellationToken, Task> follow, CancellationToken cancellationToken)
    {
        var running = new Dictionary<PeerServer, (CancellationTokenSource Stop, Task Work)>();
        try
        {
            while (true)
            {
                var change = directory.NextChange;
                var present = directory.Others.ToHashSet();
                foreach (var gone in running.Keys.Where(p => !present.Contains(p)).ToList())
                {
                    running.Remove(gone, out var ended);
                    await EndAsync(ended);
                }
                foreach (var peer in present.Where(p => !running.ContainsKey(p)))
                {
                    var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    running[peer] = (stop, AgainAsync(peer, follow, stop.Token));
                }
                await change.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            foreach (var ended in running.Values) await EndAsync(ended);
        }
    }

    private static async Task EndAsync((CancellationTokenSource Stop, Task Work) ended)
    {
        await ended.Stop.CancelAsync();
        await ended.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ended.Stop.Dispose();
    }

    private async Task AgainAsync(PeerServer peer, Func<PeerServer, CancellationToken, Task> follow, CancellationToken cancellationToken)
    {
        for (var pause = PauseMin; ; pause = pause * 2 < PauseMax ? pause * 2 : PauseMax)
        {
            var began = time.GetTimestamp();
            try
            {
                await follow(peer, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // That it left, or does not answer, is expected.
                if (e is not (IOException or HttpRequestException or OperationCanceledException)) LogFailed(e, peer.Name);
            }
            if (time.GetElapsedTime(began) > PauseMax) pause = PauseMin;
            await Task.Delay(pause, time, cancellationToken);
        }
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Hears of commits: of this server's at once, of other servers' through the database. Reconnects when the connection is lost, and then wakes for
/// every tenant, because what was said meanwhile went by unheard. A revision wakes once.
/// </summary>
internal sealed partial class CommitListener : IAsyncDisposable
{
    private static readonly TimeSpan RetryMin = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(5);

    private readonly Connections connections;
    private readonly LogQueries queries;
    private readonly Wakes wakes;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<TenantId, long> heard = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;

    public CommitListener(Connections connections, LogQueries queries, Wakes wakes, TimeProvider time, ILogger logger)
    {
        (this.connections, this.queries, this.wakes, this.time, this.logger) = (connections, queries, wakes, time, logger);
        loop = Task.Run(RunAsync);
    }

    public void Hear(TenantHead head)
    {
        var isNew = false;
        heard.AddOrUpdate(
            head.Tenant,
            _ => { isNew = true; return head.Revision.Value; },
            (_, known) => { isNew = head.Revision.Value > known; return Math.Max(known, head.Revision.Value); });
        if (isNew) wakes.Wake(head);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        for (var pause = RetryMin; !stop.IsCancellationRequested;)
        {
            try
            {
                await ListenAsync(() => pause = RetryMin);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                ListenFailed(e, pause);
                await Task.Delay(pause, time, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < RetryMax ? pause * 2 : RetryMax;
            }
        }
    }

    private async Task ListenAsync(Action connected)
    {
        await using var connection = await connections.OpenSingleAsync(stop.Token);
        connection.Notification += (_, said) => Hear(said.Payload);
        await using (var listen = new NpgsqlCommand($"listen {AppendSql.Channel}", connection)) await listen.ExecuteNonQueryAsync(stop.Token);
        connected();
        foreach (var head in await queries.HeadsAsync(stop.Token)) Hear(head);
        while (true) await connection.WaitAsync(stop.Token);
    }

    private void Hear(string payload)
    {
        var parts = payload.Split(':');
        if (parts.Length == 2 && Guid.TryParse(parts[0], out var tenant) && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
            Hear(new TenantHead(new TenantId(tenant), new Revision(revision)));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Not hearing of other servers' commits; trying again in {Pause}")]
    private partial void ListenFailed(Exception e, TimeSpan pause);
}

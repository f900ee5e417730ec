using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Receives commits: this server's at once, other servers' through the database, and log lines through the database. Reconnects when the
/// connection is lost, or when it is quiet and a probe finds it dead, and then wakes for every tenant, because notifications sent meanwhile
/// were missed. A revision wakes once, and when <see cref="Hear(TenantHead)"/> returns, its wake-up has been given, regardless of who
/// reported it first.
/// </summary>
internal sealed partial class CommitListener : IAsyncDisposable
{
    /// <summary>Sooner than the supervisor's: watches of what other servers commit wait for it.</summary>
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(5);

    private readonly Connections connections;
    private readonly PostgresOptions options;
    private readonly LogQueries queries;
    private readonly Notifier<TenantHead> wakes;
    private readonly Notifier<LinesAppended> appended;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ConcurrentDictionary<TenantId, Reported> reported = new();
    private readonly SupervisedWork work;

    public CommitListener(
        Connections connections, PostgresOptions options, LogQueries queries, Notifier<TenantHead> wakes, Notifier<LinesAppended> appended,
        Supervisor supervisor,
        TimeProvider time, ILogger logger)
    {
        (this.connections, this.options, this.queries, this.wakes, this.appended, this.time, this.logger) =
            (connections, options, queries, wakes, appended, time, logger);
        work = supervisor.Start("commit-listener", RunAsync);
    }

    public void Hear(TenantHead head)
    {
        var last = reported.GetOrAdd(head.Tenant, static _ => new Reported());
        lock (last.Gate) // held while waking: a writer whose commit the listener has just reported must not return before that wake-up
        {
            if (head.Revision <= last.Revision) return;
            wakes.Wake(head);
            last.Revision = head.Revision;
        }
    }

    public ValueTask DisposeAsync() => work.DisposeAsync();

    private async Task RunAsync(SupervisedWork self, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await ListenAsync(self, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                var pause = self.Failed(e);
                if (pause > RetryMax) pause = RetryMax;
                ListenFailed(e, pause);
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }

    private async Task ListenAsync(SupervisedWork self, CancellationToken cancellationToken)
    {
        await using var connection = await connections.OpenSingleAsync(cancellationToken);
        connection.Notification += (_, said) => Hear(said.Channel, said.Payload);
        await using (var listen = new NpgsqlCommand($"listen {AppendSql.Channel}; listen {LineNotices.Channel}", connection))
            await listen.ExecuteNonQueryAsync(cancellationToken);
        self.Succeeded();
        foreach (var head in await queries.HeadsAsync(cancellationToken)) Hear(head);
        while (true)
        {
            if (!await connection.WaitAsync(options.ProbeAfter, cancellationToken)) await ProbeAsync(connection, cancellationToken);
            self.Succeeded();
        }
    }

    /// <summary>A host that is gone without a word closes no connection: only a question without an answer shows it.</summary>
    private async Task ProbeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var probe = new NpgsqlCommand("select 1", connection) { CommandTimeout = options.SilenceSeconds };
        await probe.ExecuteNonQueryAsync(cancellationToken);
    }

    private void Hear(string channel, string payload)
    {
        var parts = payload.Split(':');
        if (parts.Length < 2 || !Guid.TryParse(parts[0], out var tenant)
            || !long.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return;
        if (channel == AppendSql.Channel && parts.Length == 2) Hear(new TenantHead(new TenantId(tenant), new Revision(number)));
        else if (channel == LineNotices.Channel && parts.Length == 3 && Guid.TryParse(parts[1], out var stream))
            appended.Wake(new LinesAppended(new TenantId(tenant), new EntityId(stream), number));
    }

    /// <summary>The last revision of a tenant that has woken.</summary>
    private sealed class Reported
    {
        public readonly Lock Gate = new();
        public Revision Revision;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Other servers' commits are not received; trying again in {Pause}")]
    private partial void ListenFailed(Exception e, TimeSpan pause);
}

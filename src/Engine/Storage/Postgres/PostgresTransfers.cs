using System.Globalization;
using Npgsql;
using NpgsqlTypes;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>Transfers by tables of staged rows. Safe for concurrent use.</summary>
internal sealed class PostgresTransfers(Connections connections, TimeProvider time) : ITransfers
{
    /// <summary>For the one transaction that publishes; millions of rows take minutes.</summary>
    private const int PublishSeconds = 3600;

    /// <summary>How long a tenant stays closed when its publishing dies; five statements of <see cref="PublishSeconds"/>.</summary>
    private static readonly TimeSpan PublishMax = TimeSpan.FromHours(6);

    private readonly QueryPool pool = connections.Queries;
    private readonly FollowQuery staged = new(connections.Queries, staged: true);

    public async ValueTask<IReadOnlyList<HeldClaim>> ClaimsAsync(
        TenantId tenant, string? after, int limit, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
    {
        Prepare(command, TransferSql.Claims, tenant, after ?? "", limit);
        var found = new List<HeldClaim>();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
            found.Add(
                new HeldClaim(
                    row.GetString(0), new EntityId(row.GetGuid(1)), row.GetString(2), new UniqueClaim(row.GetString(3), row.GetString(4))));
        return found;
    });

    public async ValueTask<IReadOnlyList<HeldSchedule>> SchedulesAsync(
        TenantId tenant, string? after, int limit, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
    {
        var parts = after?.Split('/') ?? [Guid.Empty.ToString(), "0", "0"];
        Prepare(command, TransferSql.Schedules, tenant, Guid.Parse(parts[0]), NumberOf(parts[1]), (int)NumberOf(parts[2]), limit);
        var found = new List<HeldSchedule>();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            DateTimeOffset? expires = row.IsDBNull(5) ? null : row.GetFieldValue<DateTimeOffset>(5);
            var schedule = new ScheduledTransition(row.GetString(3), row.GetFieldValue<DateTimeOffset>(4), expires);
            found.Add(new HeldSchedule(row.GetString(0), new EntityId(row.GetGuid(1)), new Revision(row.GetInt64(2)), schedule));
        }
        return found;
    });

    public async ValueTask<bool> CloseAsync(TenantId tenant, DateTimeOffset until, Fence fence, CancellationToken cancellationToken)
    {
        await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            command.CommandText = AppendSql.AddTenants;
            command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [tenant.Value] });
            return await command.ExecuteNonQueryAsync(cancellationToken);
        });
        return await TryRunAsync(tenant, command => PrepareClose(command, tenant, until), fence, cancellationToken);
    }

    public async ValueTask<bool> OpenAsync(TenantId tenant, Fence fence, CancellationToken cancellationToken) =>
        await TryRunAsync(tenant, command => PrepareClose(command, tenant, null), fence, cancellationToken);

    private static void PrepareClose(Query command, TenantId tenant, DateTimeOffset? until)
    {
        Prepare(command, TransferSql.Close, tenant);
        command.Parameters.Add(
            new NpgsqlParameter { Value = (object?)until?.ToUniversalTime() ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz });
    }

    public async ValueTask<IReadOnlyList<TenantId>> ExpiredAsync(
        DateTimeOffset before, TenantId? after, int limit, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.OfAll, async command => // imports that died
    {
        command.CommandText = TransferSql.Expired;
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = before.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = after?.Value ?? Guid.Empty });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = limit });
        var found = new List<TenantId>();
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken)) found.Add(new TenantId(row.GetGuid(0)));
        return found;
    });

    public async ValueTask<bool> StageAsync(TenantId tenant, HistoryPart part, Fence fence, CancellationToken cancellationToken) =>
        (part.Revisions.Count == 0 || await TryRunAsync(
            tenant, command => FillRevisions(command, tenant, part.Revisions), fence, cancellationToken))
        && (part.Claims.Count == 0 || await TryRunAsync(
            tenant, command => FillClaims(command, tenant, part.Claims), fence, cancellationToken))
        && (part.Schedules.Count == 0 || await TryRunAsync(
            tenant, command => FillSchedules(command, tenant, part.Schedules), fence, cancellationToken));

    public ValueTask<FollowPage> StagedAsync(TenantId tenant, Revision after, int limit, CancellationToken cancellationToken) =>
        staged.ReadAsync(new Follow { Tenant = tenant, After = after, Limit = limit, WithAudit = true }, cancellationToken);

    public async ValueTask<bool> UnstageAsync(TenantId tenant, bool revisions, Fence fence, CancellationToken cancellationToken)
    {
        foreach (var sql in revisions ? [.. TransferSql.UnstageState, TransferSql.UnstageRevisions] : TransferSql.UnstageState)
        {
            if (!await UnstageAsync(sql, tenant, fence, cancellationToken)) return false;
        }
        return true;
    }

    private async Task<bool> UnstageAsync(string sql, TenantId tenant, Fence fence, CancellationToken cancellationToken)
    {
        while (true)
        {
            var gone = await pool.RunAsync(Rows.Of(tenant), async command =>
            {
                Prepare(command, sql, tenant);
                PostgresValues.Add(command, fence);
                return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
            });
            if (gone <= 0) return gone == 0;
        }
    }

    public async ValueTask<bool> IsEmptyAsync(TenantId tenant, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
    {
        Prepare(command, TransferSql.IsEmpty, tenant);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    });

    public async ValueTask<PublishOutcome> PublishAsync(
        TenantId tenant, Revision head, Func<Revision, DurableValue> mark, Fence fence, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await connections.OpenSingleAsync(cancellationToken);
            if (!await CloseAsync(tenant, time.GetUtcNow() + PublishMax, fence, cancellationToken)) return new PublishOutcome.Fenced();
            if (!await IsEmptyAsync(tenant, cancellationToken))
            {
                await OpenAsync(tenant, fence, cancellationToken);
                return new PublishOutcome.NotEmpty();
            }
            return await PublishAsync(connection, tenant, head, mark, fence, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return new PublishOutcome.NotEmpty(); // something was written meanwhile
        }
        catch (Exception e) when (StoreErrors.IsConnectionLost(e) && (e is not PostgresException gone || StoreErrors.IsRoleGone(gone)))
        {
            throw StoreErrors.Unavailable(e);
        }
    }

    private static async Task<PublishOutcome> PublishAsync(
        NpgsqlConnection connection, TenantId tenant, Revision head, Func<Revision, DurableValue> mark, Fence fence,
        CancellationToken cancellationToken)
    {
        await using var reserve = new Query(connection, Rows.Of(tenant));
        Prepare(reserve, TransferSql.Reserve, tenant, head.Value);
        PostgresValues.Add(reserve, fence);
        if (await reserve.ExecuteScalarAsync(cancellationToken) is not long end) return new PublishOutcome.Fenced();
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var sql in (string[])[TransferSql.PublishLog, TransferSql.PublishHeads, TransferSql.PublishClaims,
            TransferSql.PublishSchedules])
        {
            await using var command = new Query(connection, Rows.Of(tenant)) { CommandTimeout = PublishSeconds };
            Prepare(command, sql, tenant, end);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        await using (var clear = new Query(connection, Rows.Of(tenant)) { CommandTimeout = PublishSeconds })
        {
            Prepare(clear, TransferSql.ClearPublished, tenant);
            await clear.ExecuteNonQueryAsync(cancellationToken);
        }
        // Last, because it locks the lease, which must be renewed meanwhile: a holder that took it since the digests were compared may have
        // staged something else.
        await using (var write = new Query(connection, Rows.Of(tenant)))
        {
            PostgresValues.PrepareWrite(write, tenant, mark(new Revision(end)), fence);
            // the transaction is rolled back
            if (await write.ExecuteNonQueryAsync(cancellationToken) == 0) return new PublishOutcome.Fenced();
        }
        await using (var open = new Query(connection, Rows.Of(tenant)))
        {
            Prepare(open, TransferSql.Open, tenant); // after the lease, in the order in which commits lock
            await open.ExecuteNonQueryAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return new PublishOutcome.Published(new Revision(end));
    }

    private static void FillRevisions(Query command, TenantId tenant, IReadOnlyList<EntityRevision> rows)
    {
        Prepare(command, TransferSql.StageRevisions, tenant);
        Add(command, NpgsqlDbType.Bigint, rows, r => r.Revision.Value);
        Add(command, NpgsqlDbType.Integer, OrdinalsOf(rows), o => o);
        Add(command, NpgsqlDbType.Uuid, rows, r => r.Id.Value);
        Add(command, NpgsqlDbType.Uuid, rows, r => r.Commit.Value);
        Add(command, NpgsqlDbType.TimestampTz, rows, r => r.CreatedAt.ToUniversalTime());
        Add(command, NpgsqlDbType.TimestampTz, rows, r => r.ChangedAt.ToUniversalTime());
        Add(command, NpgsqlDbType.Integer, rows, r => r.Model.Version);
        Add(command, NpgsqlDbType.Boolean, rows, r => r.Deleted);
        Add(command, NpgsqlDbType.Text, rows, r => r.Model.Name);
        Add(command, NpgsqlDbType.Text, rows, r => r.State);
        Add(command, NpgsqlDbType.Text, rows, r => r.Transition);
        Add(command, NpgsqlDbType.Text, rows, r => r.ChangedBy);
        Add(command, NpgsqlDbType.Jsonb, rows, r => r.Document.Utf8);
        Add(command, NpgsqlDbType.Bytea, rows, r => AuditText.Write(r.Audit));
    }

    private static void FillClaims(Query command, TenantId tenant, IReadOnlyList<HeldClaim> claims)
    {
        Prepare(command, TransferSql.StageClaims, tenant);
        Add(command, NpgsqlDbType.Bytea, claims, c => ClaimKey.DigestOf(c.Model, c.Claim));
        Add(command, NpgsqlDbType.Uuid, claims, c => c.Entity.Value);
        Add(command, NpgsqlDbType.Text, claims, c => c.Model);
        Add(command, NpgsqlDbType.Text, claims, c => c.Claim.Key);
        Add(command, NpgsqlDbType.Text, claims, c => c.Claim.Value);
    }

    private static void FillSchedules(Query command, TenantId tenant, IReadOnlyList<HeldSchedule> schedules)
    {
        Prepare(command, TransferSql.StageSchedules, tenant);
        Add(command, NpgsqlDbType.Uuid, schedules, s => s.Entity.Value);
        Add(command, NpgsqlDbType.Bigint, schedules, s => s.Revision.Value);
        Add(command, NpgsqlDbType.Integer, schedules, s => (int)NumberOf(s.Cursor[(s.Cursor.LastIndexOf('/') + 1)..]));
        Add(command, NpgsqlDbType.TimestampTz, schedules, s => s.Schedule.DueAt.ToUniversalTime());
        Add(command, NpgsqlDbType.TimestampTz, schedules, s => s.Schedule.ExpiresAt?.ToUniversalTime());
        Add(command, NpgsqlDbType.Text, schedules, s => s.Schedule.Transition);
    }

    /// <summary>Each one's place in its commit.</summary>
    private static int[] OrdinalsOf(IReadOnlyList<EntityRevision> rows)
    {
        var ordinals = new int[rows.Count];
        for (var i = 1; i < rows.Count; i++) ordinals[i] = rows[i].Revision == rows[i - 1].Revision ? ordinals[i - 1] + 1 : 0;
        return ordinals;
    }

    private static long NumberOf(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    /// <returns>Whether the lease is held still; otherwise nothing was done.</returns>
    private async Task<bool> TryRunAsync(TenantId tenant, Action<Query> prepare, Fence fence, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
    {
        prepare(command);
        PostgresValues.Add(command, fence);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    });

    private static void Prepare(Query command, string sql, TenantId tenant, params object[] values)
    {
        command.CommandText = sql;
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = tenant.Value });
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
    }

    private static void Add<TRow, TValue>(Query command, NpgsqlDbType element, IReadOnlyList<TRow> rows, Func<TRow, TValue> pick) =>
        command.Parameters.Add(
            new NpgsqlParameter<TValue[]> { TypedValue = [.. rows.Select(pick)], NpgsqlDbType = NpgsqlDbType.Array | element });
}

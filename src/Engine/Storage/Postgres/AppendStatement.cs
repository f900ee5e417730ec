using System.Data;
using Npgsql;
using NpgsqlTypes;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// The prepared statement for groups with the same parts, on one connection. Used by one caller at a time. Arrays are made to measure for
/// each group: an array that is kept and only partly used would be sent whole.
/// </summary>
internal sealed class AppendStatement : IDisposable
{
    private readonly AppendParts parts;
    private readonly NpgsqlBatch batch;
    private readonly ParameterArrays arrays;
    private readonly RowsOfGroup rows;
    private readonly NpgsqlParameter<Guid[]> locked = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid, TypedValue = [] };
    private readonly NpgsqlParameter<string[]> leases = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, TypedValue = [] };

    private AppendStatement(NpgsqlConnection connection, AppendParts parts)
    {
        this.parts = parts;
        var lockCommand = new NpgsqlBatchCommand(AppendSql.Lock) { Parameters = { locked } };
        var appendCommand = new NpgsqlBatchCommand(AppendSql.For(parts));
        arrays = new ParameterArrays(appendCommand.Parameters);
        rows = new RowsOfGroup(connection.Database);
        batch = new NpgsqlBatch(connection) { BatchCommands = { rows.Command } };
        Cancel = batch.Cancel;
        if (parts.HasFlag(AppendParts.Fences))
            batch.BatchCommands.Add(new NpgsqlBatchCommand(AppendSql.LockLeases) { Parameters = { leases } });
        batch.BatchCommands.Add(lockCommand);
        batch.BatchCommands.Add(appendCommand);
    }

    /// <summary>Cancels the execution, if there is one, from any thread; see <see cref="Abandoned.Cancel"/>.</summary>
    public Action Cancel { get; }

    public static async Task<AppendStatement> PrepareAsync(
        NpgsqlConnection connection, AppendParts parts, CancellationToken cancellationToken)
    {
        var statement = new AppendStatement(connection, parts);
        statement.Fill([]);
        await statement.batch.PrepareAsync(cancellationToken);
        return statement;
    }

    public static AppendParts PartsOf(IReadOnlyList<AppendRequest> group)
    {
        var parts = AppendParts.None;
        foreach (var request in group)
        {
            if (request.Commit.Reads.Count > 0) parts |= AppendParts.Reads;
            if (request.Commit.Fence is not null) parts |= AppendParts.Fences;
            foreach (var write in request.Commit.Writes)
            {
                if (write.Claims is { Count: > 0 } || Releases(write, write.Claims?.Count)) parts |= AppendParts.Claims;
                if (write.Schedules is { Count: > 0 } || Releases(write, write.Schedules?.Count)) parts |= AppendParts.Schedules;
            }
        }
        return parts;
    }

    /// <summary>Appends the group and answers one outcome per member.</summary>
    public async Task<AppendOutcome[]> ExecuteAsync(IReadOnlyList<AppendRequest> group, CancellationToken cancellationToken)
    {
        Fill(group);
        await using var reader = await batch.ExecuteReaderAsync(CommandBehavior.Default, cancellationToken);
        for (var before = batch.BatchCommands.Count - 1; before > 0; before--) await reader.NextResultAsync(cancellationToken);
        var answers = new AppendAnswers(group);
        while (await reader.ReadAsync(cancellationToken))
        {
            var isThere = !reader.IsDBNull(3);
            answers.Add(
                reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2),
                isThere ? (new Revision(reader.GetInt64(3)), reader.GetFieldValue<DateTimeOffset>(4)) : null);
        }
        return answers.ToOutcomes();
    }

    public void Dispose() => batch.Dispose();

    /// <summary>Whether the entity may hold something that this write takes from it; a new entity holds nothing.</summary>
    private static bool Releases(EntityWrite write, int? countFromNowOn) =>
        write.Expected != Revision.None && (write.Delete || countFromNowOn is not null);

    private void Fill(IReadOnlyList<AppendRequest> group)
    {
        arrays.Restart();
        var tenants = group.Select(r => r.Commit.Tenant).Distinct().ToArray();
        rows.Set(tenants);
        locked.TypedValue = Array.ConvertAll(tenants, t => t.Value);
        FillWrites(new GroupWrites(group));
        if (parts.HasFlag(AppendParts.Reads)) FillReads(group);
        if (parts.HasFlag(AppendParts.Claims)) FillClaims(group);
        if (parts.HasFlag(AppendParts.Schedules)) FillSchedules(group);
        if (parts.HasFlag(AppendParts.Fences)) FillFences(group);
    }

    private void FillFences(IReadOnlyList<AppendRequest> group)
    {
        var fences = group.Select((r, no) => (No: no, r.Commit.Fence)).Where(f => f.Fence is not null)
            .Select(f => (f.No, Fence: f.Fence!.Value)).ToList();
        leases.TypedValue = [.. fences.Select(f => f.Fence.Lease).Distinct()];
        arrays.Set(NpgsqlDbType.Integer, [.. fences.Select(f => f.No)]);
        arrays.Set(NpgsqlDbType.Text, [.. fences.Select(f => f.Fence.Lease)]);
        arrays.Set(NpgsqlDbType.Bigint, [.. fences.Select(f => f.Fence.Epoch)]);
    }

    private void FillWrites(GroupWrites writes)
    {
        arrays.Set(NpgsqlDbType.Uuid, writes.To((c, _, _, _) => c.Tenant.Value));
        arrays.Set(NpgsqlDbType.Integer, writes.To((_, no, _, _) => no));
        arrays.Set(NpgsqlDbType.Integer, writes.To((_, _, ordinal, _) => ordinal));
        arrays.Set(NpgsqlDbType.Uuid, writes.To((_, _, _, w) => w.Id.Value));
        arrays.Set(NpgsqlDbType.Uuid, writes.To((c, _, _, _) => c.Id.Value));
        arrays.Set(NpgsqlDbType.Bigint, writes.To((_, _, _, w) => w.Expected.Value));
        arrays.Set(NpgsqlDbType.Text, writes.To((c, _, _, _) => c.By));
        arrays.Set(NpgsqlDbType.Text, writes.To((_, _, _, w) => w.Model.Name));
        arrays.Set(NpgsqlDbType.Integer, writes.To((_, _, _, w) => w.Model.Version));
        arrays.Set(NpgsqlDbType.Text, writes.To((_, _, _, w) => w.State));
        arrays.Set(NpgsqlDbType.Text, writes.To((_, _, _, w) => w.Transition));
        arrays.Set(NpgsqlDbType.Boolean, writes.To((_, _, _, w) => w.Delete));
        arrays.Set(NpgsqlDbType.Jsonb, writes.To((_, _, _, w) => w.Document.Utf8));
        arrays.Set(NpgsqlDbType.Bytea, writes.To((_, _, _, w) => AuditText.Write(w.Audit)));
    }

    private void FillReads(IReadOnlyList<AppendRequest> group)
    {
        var reads = group.SelectMany((r, no) => r.Commit.Reads.Select((e, ordinal) => (r.Commit.Tenant, no, ordinal, e))).ToList();
        arrays.Set(NpgsqlDbType.Uuid, [.. reads.Select(r => r.Tenant.Value)]);
        arrays.Set(NpgsqlDbType.Integer, [.. reads.Select(r => r.no)]);
        arrays.Set(NpgsqlDbType.Integer, [.. reads.Select(r => r.ordinal)]);
        arrays.Set(NpgsqlDbType.Uuid, [.. reads.Select(r => r.e.Id.Value)]);
        arrays.Set(NpgsqlDbType.Bigint, [.. reads.Select(r => r.e.Expected.Value)]);
    }

    private void FillClaims(IReadOnlyList<AppendRequest> group)
    {
        FillReleased(group, w => Releases(w, w.Claims?.Count));
        var claims = group.SelectMany((r, no) => r.Claims.Select(k => (r.Commit, no, k))).ToList();
        arrays.Set(NpgsqlDbType.Uuid, [.. claims.Select(c => c.Commit.Tenant.Value)]);
        arrays.Set(NpgsqlDbType.Integer, [.. claims.Select(c => c.no)]);
        arrays.Set(NpgsqlDbType.Uuid, [.. claims.Select(c => c.Commit.Writes[c.k.Write].Id.Value)]);
        arrays.Set(NpgsqlDbType.Bytea, [.. claims.Select(c => c.k.Digest)]);
        arrays.Set(NpgsqlDbType.Text, [.. claims.Select(c => c.k.Model)]);
        arrays.Set(NpgsqlDbType.Text, [.. claims.Select(c => c.k.Claim.Key)]);
        arrays.Set(NpgsqlDbType.Text, [.. claims.Select(c => c.k.Claim.Value)]);
    }

    private void FillSchedules(IReadOnlyList<AppendRequest> group)
    {
        FillReleased(group, w => Releases(w, w.Schedules?.Count));
        var schedules = group.SelectMany((r, no) => r.Commit.Writes.Where(w => !w.Delete)
            .SelectMany(w => (w.Schedules ?? []).Select((s, ordinal) => (r.Commit.Tenant, no, w.Id, ordinal, s)))).ToList();
        arrays.Set(NpgsqlDbType.Uuid, [.. schedules.Select(s => s.Tenant.Value)]);
        arrays.Set(NpgsqlDbType.Integer, [.. schedules.Select(s => s.no)]);
        arrays.Set(NpgsqlDbType.Uuid, [.. schedules.Select(s => s.Id.Value)]);
        arrays.Set(NpgsqlDbType.Integer, [.. schedules.Select(s => s.ordinal)]);
        arrays.Set(NpgsqlDbType.TimestampTz, [.. schedules.Select(s => s.s.DueAt.ToUniversalTime())]);
        arrays.Set(NpgsqlDbType.TimestampTz, [.. schedules.Select(s => s.s.ExpiresAt?.ToUniversalTime())]);
        arrays.Set(NpgsqlDbType.Text, [.. schedules.Select(s => s.s.Transition)]);
    }

    private void FillReleased(IReadOnlyList<AppendRequest> group, Func<EntityWrite, bool> releases)
    {
        var released = group.SelectMany((r, no) => r.Commit.Writes.Where(releases).Select(w => (r.Commit.Tenant, no, w.Id))).ToList();
        arrays.Set(NpgsqlDbType.Uuid, [.. released.Select(r => r.Tenant.Value)]);
        arrays.Set(NpgsqlDbType.Integer, [.. released.Select(r => r.no)]);
        arrays.Set(NpgsqlDbType.Uuid, [.. released.Select(r => r.Id.Value)]);
    }
}

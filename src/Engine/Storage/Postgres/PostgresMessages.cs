using Npgsql;
using NpgsqlTypes;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>Messages in the database. No connection is held between two pieces. Safe for concurrent use.</summary>
internal sealed class PostgresMessages(QueryPool pool) : IMessages
{
    public async ValueTask KeepAsync(
        TenantId tenant, Guid upload, int position, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        MessageGuard.Check(piece.Length);
        if (position == 0) await SweepAsync(cancellationToken);
        await pool.RunAsync(Rows.Of(tenant), command =>
        {
            SetPiece(command, position == 0 ? MessageSql.KeepFirst : MessageSql.Keep, tenant, upload, position, piece);
            return command.ExecuteNonQueryAsync(cancellationToken);
        });
    }

    public async ValueTask<bool> SaveAsync(
        TenantId tenant, Message message, ReadOnlyMemory<byte> lastPiece, CancellationToken cancellationToken)
    {
        MessageGuard.Check(lastPiece.Length);
        var saved = await pool.RunAsync(Rows.Of(tenant), command =>
        {
            SetPiece(command, MessageSql.Save, tenant, message.Upload, message.Pieces - 1, lastPiece);
            Add(command, message.Id.Value);
            Add(command, message.PayloadBytes);
            Add(command, message.Transaction.Value);
            Add(command, message.Head.Utf8, NpgsqlDbType.Bytea);
            command.Parameters.Add(
                new NpgsqlParameter { Value = (object?)message.Fingerprint ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
            return command.ExecuteScalarAsync(cancellationToken);
        });
        // After a lost connection the same statement was sent twice, and the first may have had its effect.
        return saved is not null || (await FindAsync(tenant, message.Id, cancellationToken))?.Upload == message.Upload;
    }

    public async ValueTask DropAsync(TenantId tenant, Guid upload, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), command =>
        {
            Set(command, MessageSql.Drop, tenant, upload);
            return command.ExecuteNonQueryAsync(cancellationToken);
        });

    public async ValueTask<Message?> FindAsync(TenantId tenant, EntityId id, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            Set(command, MessageSql.Find, tenant, id.Value);
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            return await row.ReadAsync(cancellationToken) ? ReadMessage(row) : null;
        });

    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync(
        TenantId tenant, Guid upload, int position, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            Set(command, MessageSql.Read, tenant, upload);
            Add(command, position);
            return await command.ExecuteScalarAsync(cancellationToken) is byte[] piece ? piece : (ReadOnlyMemory<byte>?)null;
        });

    public async ValueTask<IReadOnlyList<EntityId>> DeleteAsync(
        TenantId tenant, IReadOnlyCollection<EntityId> ids, RequestOfDeletion? request, CancellationToken cancellationToken) =>
        await pool.RunOnceAsync(Rows.Of(tenant), async command =>
        {
            command.CommandText = MessageSql.Delete;
            Add(command, tenant.Value);
            Add(command, ids.Select(id => id.Value).ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Uuid);
            command.Parameters.Add(
                new NpgsqlParameter { Value = (object?)request?.Id.Value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
            command.Parameters.Add(
                new NpgsqlParameter { Value = (object?)request?.Fingerprint ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
            var gone = new List<EntityId>();
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken)) gone.Add(new EntityId(row.GetGuid(0)));
            return gone;
        });

    public async ValueTask<MessageDeletion?> FindDeletionAsync(TenantId tenant, CommitId request, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            Set(command, MessageSql.FindDeletion, tenant, request.Value);
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            return await row.ReadAsync(cancellationToken)
                ? new MessageDeletion(row.GetString(0), [.. row.GetFieldValue<Guid[]>(1).Select(id => new EntityId(id))])
                : null;
        });

    private async ValueTask SweepAsync(CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.OfAll, command => // uploads that were cut off
        {
            command.CommandText = MessageSql.Sweep;
            Add(command, IMessages.KeptFor, NpgsqlDbType.Interval);
            return command.ExecuteNonQueryAsync(cancellationToken);
        });

    private static Message ReadMessage(NpgsqlDataReader row) => new(
        new EntityId(row.GetGuid(0)), row.GetGuid(1), row.GetInt32(2), row.GetInt64(3), new CommitId(row.GetGuid(4)),
        new JsonText(row.GetFieldValue<byte[]>(5)), row.IsDBNull(6) ? null : row.GetString(6));

    private static void SetPiece(Query command, string sql, TenantId tenant, Guid upload, int position, ReadOnlyMemory<byte> piece)
    {
        Set(command, sql, tenant, upload);
        Add(command, position);
        Add(command, piece, NpgsqlDbType.Bytea);
    }

    private static void Set(Query command, string sql, TenantId tenant, Guid id)
    {
        command.CommandText = sql;
        Add(command, tenant.Value);
        Add(command, id);
    }

    private static void Add<T>(Query command, T value) => command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });

    private static void Add<T>(Query command, T value, NpgsqlDbType type) =>
        command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value, NpgsqlDbType = type });
}

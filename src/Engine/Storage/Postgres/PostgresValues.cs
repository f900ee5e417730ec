using Npgsql;
using NpgsqlTypes;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>Durable values in a table of their own. Safe for concurrent use.</summary>
internal sealed class PostgresValues(QueryPool pool) : IDurableValues
{
    private const string WriteSql =
        "insert into strata.mark (tenant, name, value) values ($1, $2, $3) on conflict (tenant, name) do update set value = excluded.value";

    private const string AddSql = "insert into strata.mark (tenant, name, value) values ($1, $2, $3) on conflict (tenant, name) do nothing";

    // The share lock keeps the lease from being taken before this is committed.
    private const string WriteFencedSql = """
        with held as materialized (select from strata.lease where name = $4 and epoch = $5 for share)
        insert into strata.mark (tenant, name, value) select $1, $2, $3 from held
        on conflict (tenant, name) do update set value = excluded.value
        """;

    // The names that begin so are a range of the key: in the order of bytes nothing that begins with the prefix is behind the prefix and
    // U+10FFFF.
    private const string ListSql = """
        select name, value from strata.mark where tenant = $1 and name >= $2 and name < $2 || chr(1114111) and name > $3 order by name limit $4
        """;

    private const string DeleteSql = "delete from strata.mark where tenant = $1 and name >= $2 and name < $2 || chr(1114111)";

    private const string DeleteFencedSql = $"""
        with held as materialized (select from strata.lease where name = $3 and epoch = $4 for share),
             gone as ({DeleteSql} and exists (select from held))
        select exists (select from held)
        """;

    public async ValueTask<JsonText?> ReadAsync(TenantId tenant, string name, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
    {
        Prepare(command, "select value from strata.mark where tenant = $1 and name = $2", tenant, name);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? new JsonText(row.GetFieldValue<byte[]>(0)) : (JsonText?)null;
    });

    public async ValueTask<bool> WriteAsync(TenantId tenant, string name, JsonText value, Fence? fence, CancellationToken cancellationToken)
    {
        return await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            PrepareWrite(command, tenant, new DurableValue(name, value), fence);
            return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
        });
    }

    public async ValueTask<bool> TryAddAsync(TenantId tenant, string name, JsonText value, CancellationToken cancellationToken)
    {
        DurableValueGuard.Check(value);
        return await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            Prepare(command, AddSql, tenant, name);
            command.Parameters.Add(
                new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = value.Utf8, NpgsqlDbType = NpgsqlDbType.Jsonb });
            return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
        });
    }

    /// <summary>For a transaction that writes more than the mark.</summary>
    internal static void PrepareWrite(Query command, TenantId tenant, DurableValue mark, Fence? fence = null)
    {
        DurableValueGuard.Check(mark.Value);
        Prepare(command, fence is null ? WriteSql : WriteFencedSql, tenant, mark.Name);
        command.Parameters.Add(
            new NpgsqlParameter<ReadOnlyMemory<byte>> { TypedValue = mark.Value.Utf8, NpgsqlDbType = NpgsqlDbType.Jsonb });
        if (fence is { } term) Add(command, term);
    }

    public async ValueTask<IReadOnlyList<DurableValue>> ListAsync(
        TenantId tenant, string prefix, string? after, int limit, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            Prepare(command, ListSql, tenant, prefix);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = after ?? "" });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
            var found = new List<DurableValue>();
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
                found.Add(new DurableValue(row.GetString(0), new JsonText(row.GetFieldValue<byte[]>(1))));
            return found;
        });

    public async ValueTask<bool> DeleteAsync(TenantId tenant, string prefix, Fence? fence, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
    {
        Prepare(command, fence is null ? DeleteSql : DeleteFencedSql, tenant, prefix);
        if (fence is { } term)
        {
            Add(command, term);
            return await command.ExecuteScalarAsync(cancellationToken) is true;
        }
        await command.ExecuteNonQueryAsync(cancellationToken);
        return true;
    });

    /// <summary>The last two parameters of a statement that runs under a lease.</summary>
    internal static void Add(Query command, Fence fence)
    {
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = fence.Lease });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = fence.Epoch });
    }

    private static void Prepare(Query command, string sql, TenantId tenant, string name)
    {
        command.CommandText = sql;
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = tenant.Value });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
    }
}

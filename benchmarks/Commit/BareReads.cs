using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Strata.Commit.Benchmarks;

/// <summary>
/// What limits reads by id: one prepared statement of Npgsql that asks for 64 documents of one tenant in a round trip, one trip after the
/// other. Nobody waits for any of them, and of an entity only its revision and document are read.
/// </summary>
internal sealed class BareReads(NpgsqlDataSource source)
{
    private const int Batch = 64;
    private const string Sql = """
        select q.n, h.revision, h.document from unnest($1::uuid[], $2::uuid[]) with ordinality as q (tenant, entity, n)
        join strata.head h on h.tenant = q.tenant and h.entity = q.entity
        """;

    /// <returns>Reads per second.</returns>
    public async Task<double> RunAsync(TimeSpan duration)
    {
        await using var connection = await source.OpenConnectionAsync();
        var keys = await KeysAsync(connection);
        await using var command = new NpgsqlCommand(Sql, connection) { Parameters = { Uuids(), Uuids() } };
        await command.PrepareAsync();
        var watch = Stopwatch.StartNew();
        var count = 0;
        for (; watch.Elapsed < duration; count += Batch) await ReadAsync(command, Random.Shared.GetItems(keys, Batch));
        return count / watch.Elapsed.TotalSeconds;
    }

    private static async Task ReadAsync(NpgsqlCommand command, (Guid Tenant, Guid Entity)[] chosen)
    {
        command.Parameters[0].Value = Array.ConvertAll(chosen, k => k.Tenant);
        command.Parameters[1].Value = Array.ConvertAll(chosen, k => k.Entity);
        await using var reader = await command.ExecuteReaderAsync();
        var documents = new byte[Batch][];
        while (await reader.ReadAsync())
            if (reader.GetInt64(1) > 0) documents[reader.GetInt64(0) - 1] = reader.GetFieldValue<byte[]>(2);
    }

    private static async Task<(Guid Tenant, Guid Entity)[]> KeysAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select tenant, entity from strata.head", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var keys = new List<(Guid, Guid)>();
        while (await reader.ReadAsync()) keys.Add((reader.GetGuid(0), reader.GetGuid(1)));
        return [.. keys];
    }

    private static NpgsqlParameter Uuids() => new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid };
}

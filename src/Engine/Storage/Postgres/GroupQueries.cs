using Npgsql;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Stats;

namespace Strata.Storage.Postgres;

/// <summary>Counts and groups, worked out in the database. Safe for concurrent use.</summary>
internal sealed class GroupQueries(QueryPool pool)
{
    public async ValueTask<IReadOnlyList<StateCount>> CountAsync(
        TenantId tenant, ModelKey? model, AsOf asOf, CancellationToken cancellationToken) =>
        await pool.RunAsync(Rows.Of(tenant), async command =>
        {
            GroupSql.WriteCounts(tenant, model, asOf, command);
            var counts = new List<StateCount>();
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                counts.Add(new StateCount(new ModelKey(reader.GetString(0), reader.GetInt32(1)), reader.GetString(2), reader.GetInt64(3)));
            return counts;
        });

    public async ValueTask<IReadOnlyList<EntityGroup>> GroupAsync(Grouping grouping, CancellationToken cancellationToken)
    {
        try
        {
            return await pool.RunAsync(Rows.Of(grouping.Tenant), async command =>
            {
                GroupSql.WriteGroups(grouping, command);
                var groups = new List<EntityGroup>();
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                while (await reader.ReadAsync(cancellationToken)) groups.Add(Read(reader, grouping));
                return groups;
            });
        }
        catch (PostgresException e) when (StoreErrors.IsBadValue(e))
        {
            throw StoreErrors.Invalid($"The condition or a sum cannot be evaluated: {e.MessageText}.");
        }
    }

    private static EntityGroup Read(NpgsqlDataReader row, Grouping grouping)
    {
        var keys = grouping.Keys.Count;
        var key = Enumerable.Range(0, keys).Select(
            i => row.IsDBNull(i) ? (JsonText?)null : JsonText.FromString(row.GetString(i))).ToArray();
        var fields = grouping.Fields.Select((_, i) => Sums(row, keys + 1 + (i * GroupSql.ColumnsPerField))).ToArray();
        return new EntityGroup(key, row.GetInt64(keys), fields);
    }

    private static FieldSums Sums(NpgsqlDataReader row, int at) => new(
        row.GetInt64(at), Number(row, at + 1), Number(row, at + 2), Number(row, at + 3), Number(row, at + 4), Text(row, at + 5),
        Text(row, at + 6));

    private static string? Number(NpgsqlDataReader row, int at) => Text(row, at) is { } text ? ExactDecimal.Parse(text).ToString() : null;

    private static string? Text(NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : row.GetString(at);
}

using Npgsql;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Declared indexes on PostgreSQL. Which are ready is remembered for a moment: a search that takes a missing index for ready, or a ready
/// one for missing, finds the same, only slower.
/// </summary>
internal sealed class PostgresSearchIndexes(Connections connections, TimeProvider time) : ISearchIndexes
{
    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(10);

    private const string ListSql = """
        select i.path, i.state, i.message, p.blocks_done, p.blocks_total
        from strata.search_index i left join pg_class c on c.relname = i.name left join pg_stat_progress_create_index p on p.index_relid = c.oid
        where i.tenant = $1 and i.model = $2 and i.version = $3 order by i.path
        """;

    private const string UndeclareSql = """
        update strata.search_index set state = 'DROPPING', changed_at = clock_timestamp()
        where tenant = $1 and model = $2 and version = $3 and not path = any($4)
        """;

    private const string DeclareSql = """
        insert into strata.search_index (tenant, model, version, path, model_id, name, state)
        select $1, $2, $3, d.path, $5, 'search_' || md5($1::text || $2 || '.' || $3 || d.path), 'PENDING'
        from unnest($4) as d (path)
        where (select count(*) from strata.search_index where state <> 'DROPPING' and (tenant, model, version) <> ($1, $2, $3)) + cardinality($4) <= $6
        on conflict (tenant, model, version, path) do update set
            state = case when search_index.state in ('DROPPING', 'FAILED') then 'PENDING' else search_index.state end, message = null
        """;

    private HashSet<(TenantId Tenant, ModelKey Model, JsonPath Path)> ready = [];
    private long readAt = long.MinValue;

    public async ValueTask<IReadOnlyList<SearchIndex>> ListAsync(TenantId tenant, ModelKey model, CancellationToken cancellationToken) =>
        await connections.Queries.RunAsync(Rows.OfAll, async command => // the progress of a build is shown only to who builds
        {
            Prepare(command, ListSql, tenant.Value, model.Name, model.Version);
            var indexes = new List<SearchIndex>();
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken)) indexes.Add(Read(row));
            return indexes;
        });

    public async ValueTask<bool> DeclareAsync(
        TenantId tenant, ModelKey model, EntityId modelId, IReadOnlyList<JsonPath> paths, CancellationToken cancellationToken)
    {
        var names = paths.Select(path => path.Text).ToArray();
        if (names.Length > 0
            && await RunAsync(
                Rows.OfAll, DeclareSql, cancellationToken, tenant.Value, model.Name, model.Version, names, modelId.Value,
                ISearchIndexes.TotalMax) == 0) return false; // over all tenants, because their number is bounded over all
        await RunAsync(Rows.Of(tenant), UndeclareSql, cancellationToken, tenant.Value, model.Name, model.Version, names);
        return true;
    }

    public async ValueTask<bool> WorkAsync(CancellationToken cancellationToken)
    {
        var worked = await new IndexWork(connections).DoOneAsync(cancellationToken);
        if (worked) readAt = long.MinValue;
        return worked;
    }

    public async ValueTask<SearchPlan> ExplainAsync(SearchQuery search, CancellationToken cancellationToken)
    {
        SearchGuard.Check(search);
        var isReady = await ReadyAsync(search, cancellationToken);
        var plan = await connections.Searches.RunAsync(Rows.Of(search.Tenant), async command =>
        {
            new SearchSql(search, new SqlParameters(command.Parameters), isReady).Write(command, search.Limit);
            command.CommandText = "explain (format json) " + command.CommandText;
            return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
        });
        var names = await NamesAsync(search, cancellationToken);
        return new SearchPlan(
            [.. names.Where(name => plan.Contains($"\"{name.Name}\"", StringComparison.Ordinal)).Select(name => name.Path)],
            JsonText.FromString(plan));
    }

    /// <summary>Which paths of the search's model have an index.</summary>
    public async ValueTask<Predicate<JsonPath>> ReadyAsync(SearchQuery search, CancellationToken cancellationToken)
    {
        if (readAt == long.MinValue || time.GetElapsedTime(readAt) > RememberedFor) await RefreshAsync(cancellationToken);
        var known = ready;
        return path => known.Contains((search.Tenant, search.Model, path));
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var now = time.GetTimestamp();
        ready = await connections.Queries.RunAsync(Rows.OfAll, async command =>
        {
            command.CommandText = "select tenant, model, version, path from strata.search_index where state = 'READY'";
            var found = new HashSet<(TenantId, ModelKey, JsonPath)>();
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
                found.Add(
                    (new TenantId(row.GetGuid(0)), new ModelKey(row.GetString(1), row.GetInt32(2)), JsonPath.Parse(row.GetString(3))));
            return found;
        });
        readAt = now;
    }

    private async Task<List<(JsonPath Path, string Name)>> NamesAsync(SearchQuery search, CancellationToken cancellationToken) =>
        await connections.Queries.RunAsync(Rows.Of(search.Tenant), async command =>
        {
            Prepare(command, "select path, name from strata.search_index where tenant = $1 and model = $2 and version = $3",
                search.Tenant.Value, search.Model.Name, search.Model.Version);
            var names = new List<(JsonPath, string)>();
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken)) names.Add((JsonPath.Parse(row.GetString(0)), row.GetString(1)));
            return names;
        });

    private static SearchIndex Read(NpgsqlDataReader row)
    {
        double? progress = row.IsDBNull(4) || row.GetInt64(4) == 0 ? null : (double)row.GetInt64(3) / row.GetInt64(4);
        var state = Enum.Parse<SearchIndexState>(row.GetString(1), ignoreCase: true);
        return new SearchIndex(JsonPath.Parse(row.GetString(0)), state, progress, row.IsDBNull(2) ? null : row.GetString(2));
    }

    private static void Prepare(Query command, string sql, params object[] values)
    {
        command.CommandText = sql;
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
    }

    private Task<int> RunAsync(Rows rows, string sql, CancellationToken cancellationToken, params object[] values) =>
        connections.Queries.RunAsync(rows, command =>
    {
        Prepare(command, sql, values);
        return command.ExecuteNonQueryAsync(cancellationToken);
    });
}

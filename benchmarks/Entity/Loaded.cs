using Npgsql;

namespace Strata.Entity.Benchmarks;

/// <summary>
/// Orders put straight into the log, because ten million would take the front door minutes: as many revisions as said, ten of each entity,
/// written in ten rounds a second apart, as the store itself would have written them.
/// </summary>
/// <param name="Ids">Some of the entities, spread over all.</param>
/// <param name="Between">After the fifth round and before the sixth.</param>
internal sealed record Loaded(int Revisions, IReadOnlyList<string> Ids, DateTimeOffset Between)
{
    private const int Each = 10;
    private const int Asked = 5_000;

    public static async Task<Loaded> AddAsync(Cloud cloud, int revisions)
    {
        var model = await cloud.SendAsync("GET", "/api/model/", null);
        var entities = revisions / Each;
        await using var command = cloud.Source.CreateCommand($"""
            create temporary table place as
                select tenant, revision as base, at from strata.log_head where tenant = (select tenant from strata.head where entity = '{model[0].GetProperty("id").GetString()}');
            insert into strata.log (tenant, entity, commit, revision, created_at, changed_at, ordinal, version, deleted, model, state, transition, changed_by, document)
            select p.tenant, ('00000000-{revisions % 65536:x4}-7000-8000-' || lpad(to_hex(n % {entities}), 12, '0'))::uuid, ('00000001-{revisions % 65536:x4}-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
                   p.base + n + 1, p.at + interval '1 s', p.at + (1 + n / {entities}) * interval '1 s', 0, 1, false, 'order', 'CREATED', 'UPDATE', 'user:bench', '{Documents.Order}'
            from generate_series(0, {entities * Each - 1}) n, place p;
            insert into strata.head (tenant, entity, commit, revision, created_at, changed_at, version, deleted, model, state, transition, changed_by, document)
            select l.tenant, l.entity, l.commit, l.revision, l.created_at, l.changed_at, l.version, false, l.model, l.state, l.transition, l.changed_by, l.document
            from strata.log l, place p where l.tenant = p.tenant and l.revision > p.base + {entities * (Each - 1)};
            update strata.log_head h set revision = p.base + {entities * Each}, at = p.at + interval '{Each} s' from place p where h.tenant = p.tenant;
            """) ;
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
        await cloud.RunSqlAsync("vacuum analyze strata.log");
        await cloud.RunSqlAsync("vacuum analyze strata.head");
        return new Loaded(revisions, await IdsAsync(cloud, revisions, entities), await BetweenAsync(cloud, revisions));
    }

    private static async Task<IReadOnlyList<string>> IdsAsync(Cloud cloud, int revisions, int entities)
    {
        var ids = new List<string>();
        for (var i = 0; i < Asked; i++) ids.Add($"00000000-{revisions % 65536:x4}-7000-8000-{(long)i * entities / Asked:x12}");
        await cloud.SendAsync("GET", $"/api/entity/{ids[^1]}", null);
        return ids;
    }

    private static async Task<DateTimeOffset> BetweenAsync(Cloud cloud, int revisions)
    {
        await using var command = cloud.Source.CreateCommand(
            $"select changed_at + interval '0.5 s' from strata.log where entity = '00000000-{revisions % 65536:x4}-7000-8000-000000000000' order by revision offset 4 limit 1");
        return (DateTime)(await command.ExecuteScalarAsync() ?? throw new NpgsqlException("The log was not loaded."));
    }
}

using System.Diagnostics;
using Strata.Entity.Benchmarks;

namespace Strata.Search.Benchmarks;

/// <summary>
/// Orders of about 150 bytes put straight into the log and its heads, a thousand to a commit, as the store itself would have written them.
/// Every 20 have a customer in common; each has a number of its own.
/// </summary>
internal static class Orders
{
    public const string Sample = """{"number":"ORD-1","customer":"Customer 1","city":"Springfield","total":129.95,"currency":"EUR","lines":3,"paid":true,"note":"x"}""";

    private const int PerCommit = 1_000;
    private const int PerCustomer = 20;

    public static int CustomersOf(int orders) => Math.Max(1, orders / PerCustomer);

    public static async Task<TimeSpan> AddAsync(Cloud cloud, int count)
    {
        var watch = Stopwatch.StartNew();
        var model = (await cloud.SendAsync("GET", "/api/model/", null))[0].GetProperty("id").GetString();
        await using var command = cloud.Source.CreateCommand($$"""
            create temporary table place as
                select tenant, revision as base, at from strata.log_head where tenant = (select tenant from strata.head where entity = '{{model}}');
            insert into strata.log (tenant, entity, commit, revision, created_at, changed_at, ordinal, version, deleted, model, state, changed_by, document)
            select p.tenant, ('01930000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, ('01930001-0000-7000-8000-' || lpad(to_hex(n / {{PerCommit}}), 12, '0'))::uuid,
                   p.base + n / {{PerCommit}} + 1, p.at, p.at, n % {{PerCommit}}, 1, false, 'order', 'CREATED', 'user:bench',
                   jsonb_build_object('number', 'ORD-' || n, 'customer', 'Customer ' || n / {{PerCustomer}}, 'city', 'Springfield', 'total', n % 10000 + 0.5, 'currency', 'EUR',
                       'lines', n % 9, 'paid', n % 2 = 0, 'note', 'xxxxxxxxxxxxxxxx')
            from generate_series(0, {{count - 1}}) n, place p;
            insert into strata.head (tenant, entity, commit, revision, created_at, changed_at, version, deleted, model, state, changed_by, document)
            select l.tenant, l.entity, l.commit, l.revision, l.created_at, l.changed_at, l.version, false, l.model, l.state, l.changed_by, l.document
            from strata.log l, place p where l.tenant = p.tenant and l.revision > p.base;
            update strata.log_head h set revision = p.base + {{(count - 1) / PerCommit + 1}} from place p where h.tenant = p.tenant;
            """);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync();
        foreach (var sql in (string[])["vacuum analyze strata.log", "vacuum analyze strata.head", "checkpoint"])
            await cloud.RunSqlAsync(sql);
        return watch.Elapsed;
    }

    /// <summary>Declares an index and waits until it is built.</summary>
    public static async Task<TimeSpan> IndexAsync(Cloud cloud, string path)
    {
        var watch = Stopwatch.StartNew();
        await cloud.SendAsync("PUT", "/api/model/order/1/indexes", $$"""{"paths":["{{path}}"]}""");
        while (true)
        {
            var index = (await cloud.SendAsync("GET", "/api/model/order/1/indexes", null)).GetProperty("indexes")[0];
            if (index.GetProperty("state").GetString() == "READY") return watch.Elapsed;
            await Task.Delay(50);
        }
    }
}

using Npgsql;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Writes counts and groups as SQL: one walk over the heads of the tenant's model, for the past with one look into the log for each. Sums
/// are of type numeric, so exact.
/// </summary>
internal static class GroupSql
{
    /// <summary>The columns of one field's sums, in the order of <see cref="FieldSums"/>.</summary>
    public const int ColumnsPerField = 7;

    public static void WriteCounts(TenantId tenant, ModelKey? model, AsOf asOf, Query command)
    {
        var source = new EntitySource(tenant, model, asOf, new SqlParameters(command.Parameters));
        command.CommandText =
            $"select e.model, e.version, e.state, count(*) from {source.From} where {source.Where} group by e.model, e.version, e.state";
    }

    public static void WriteGroups(Grouping grouping, Query command)
    {
        var parameters = new SqlParameters(command.Parameters);
        var source = new EntitySource(grouping.Tenant, grouping.Model, grouping.AsOf, parameters);
        var condition = grouping.Where is null ? "true" : new ConditionSql(parameters, "e").Write(grouping.Where);
        var values = grouping.Keys.Select((key, i) => $"{Key(key, parameters)} as k{i}")
            .Concat(grouping.Fields.Select((path, i) => Field(path, i, parameters)));
        var keys = Enumerable.Range(0, grouping.Keys.Count);
        var sums = Enumerable.Range(0, grouping.Fields.Count).Select(Sums);
        // "offset 0" keeps the values from being worked out once for every place that they are used in.
        command.CommandText = $"""
            select {string.Join(", ", keys.Select(i => $"k{i}::text").Append("count(*)").Concat(sums))}
            from (select {string.Join(", ", values)} from {source.From} where {source.Where} and {condition} offset 0) v
            group by {string.Join(", ", keys.Select(i => $"k{i}"))} limit {parameters.Add(grouping.Limit)}
            """;
    }

    private static string Key(Field key, SqlParameters parameters)
    {
        if (key is not Field.Path path) return "to_jsonb(e.state)";
        var value = Follow(path.Value, parameters);
        return $"case jsonb_typeof({value}) when 'number' then to_jsonb(trim_scale(({value})::numeric)) when 'string' then {value} when 'boolean' then {value} end";
    }

    private static string Field(JsonPath path, int i, SqlParameters parameters)
    {
        var value = Follow(path, parameters);
        return $"""
            case when jsonb_typeof({value}) = 'number' then ({value})::numeric end as n{i},
            case when jsonb_typeof({value}) = 'string' then {value} #>> '{"{}"}' end collate "C" as t{i}
            """;
    }

    private static string Sums(int i) =>
        $"count(n{i}), sum(n{i})::text, sum(n{i} * n{i})::text, min(n{i})::text, max(n{i})::text, min(t{i}), max(t{i})";

    private static string Follow(JsonPath path, SqlParameters parameters) =>
        $"(e.document{string.Concat(path.Steps.Select(step => $" -> {parameters.Add(step.Name ?? throw new ArgumentException("A grouping's path names members only.", nameof(path)))}"))})";

    /// <summary>The living entities of a tenant, or of one of its models, as of then; under the alias <c>e</c>.</summary>
    private sealed class EntitySource(TenantId tenant, ModelKey? model, AsOf asOf, SqlParameters parameters)
    {
        private readonly string tenantNumber = parameters.Add(tenant.Value);
        private readonly string? nameNumber = model is { } named ? parameters.Add(named.Name) : null;
        private readonly string? versionNumber = model is { } numbered ? parameters.Add(numbered.Version) : null;

        public string From => asOf.IsLatest ? "strata.head e" : $"""
            ({Heads("not h.deleted")} union all {Heads("h.deleted")}) k
            cross join lateral (
                select * from strata.log l where l.tenant = {tenantNumber} and l.entity = k.entity and {Until} order by l.revision desc limit 1
            ) e
            """;

        public string Where => $"e.tenant = {tenantNumber} and not e.deleted"
            + (model is null ? "" : $" and e.model = {nameNumber} and e.version = {versionNumber}");

        private string Until => asOf.Revision is { } revision
            ? $"l.revision <= {parameters.Add(revision.Value)}" : $"l.changed_at <= {parameters.Add(asOf.Time!.Value)}";

        private string Heads(string which) =>
            $"select h.entity from strata.head h where {which} and h.tenant = {tenantNumber}"
                + (model is null ? "" : $" and h.model = {nameNumber}");
    }
}

using Npgsql;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Writes a scan as SQL. The latest is a walk along one index of the heads. The past is a walk along the heads too, living and deleted ones
/// merged in order, with one look into the log for each: both go no further than the page needs.
/// </summary>
internal static class ScanSql
{
    public static void Write(Scan scan, Query command)
    {
        var parameters = new SqlParameters(command.Parameters);
        command.CommandText = scan switch
        {
            { Deleted: true } => Deleted(scan, parameters),
            { AsOf.IsLatest: true } => Latest(scan, parameters),
            _ => Past(scan, parameters),
        };
    }

    /// <summary>The head of a deleted entity has no document; the log has.</summary>
    private static string Deleted(Scan scan, SqlParameters parameters) => $"""
        select {RevisionRow.Columns("l")} from strata.head h
        join strata.log l on l.tenant = h.tenant and l.entity = h.entity and l.revision = h.revision
        where h.deleted and {Range(scan, "h", parameters)} and h.version = {parameters.Add(scan.Model.Version)} and {Where(scan, "l", parameters)}
        {Order(scan, "h")} limit {parameters.Add(scan.Limit)}
        """;

    private static string Latest(Scan scan, SqlParameters parameters) => $"""
        select {RevisionRow.Columns("h")} from strata.head h
        where not h.deleted and {Range(scan, "h", parameters)} and h.version = {parameters.Add(scan.Model.Version)} and {Where(scan, "h", parameters)}
        {Order(scan, "h")} limit {parameters.Add(scan.Limit)}
        """;

    private static string Past(Scan scan, SqlParameters parameters)
    {
        var range = Range(scan, "h", parameters);
        var model = parameters.Add(scan.Model.Name);
        return $"""
            select {RevisionRow.Columns("l")}
            from (
                (select h.tenant, h.entity from strata.head h where not h.deleted and {range} {Order(scan, "h")})
                union all
                (select h.tenant, h.entity from strata.head h where h.deleted and {range} {Order(scan, "h")})
                {Order(scan, null)}
            ) k
            cross join lateral (
                select * from strata.log l where l.tenant = k.tenant and l.entity = k.entity and {Until(scan, parameters)} order by l.revision desc limit 1
            ) l
            where not l.deleted and l.model = {model} and l.version = {parameters.Add(scan.Model.Version)} and {Where(scan, "l", parameters)}
            {Order(scan, "k")} limit {parameters.Add(scan.Limit)}
            """;
    }

    private static string Until(Scan scan, SqlParameters parameters) =>
        scan.AsOf.Revision is { } revision ? $"l.revision <= {parameters.Add(revision.Value)}"
            : $"l.changed_at <= {parameters.Add(scan.AsOf.Time!.Value)}";

    private static string Range(Scan scan, string alias, SqlParameters parameters)
    {
        var text = $"{alias}.model = {parameters.Add(scan.Model.Name)}";
        if (scan.Tenant is { } tenant) text += $" and {alias}.tenant = {parameters.Add(tenant.Value)}";
        if (scan.After is not { } after) return text;
        var sign = scan.Descending ? '<' : '>';
        return $"{text} and ({alias}.tenant, {alias}.entity) {sign} ({parameters.Add(after.Tenant.Value)}, {parameters.Add(after.Id.Value)})";
    }

    private static string Where(Scan scan, string alias, SqlParameters parameters) =>
        scan.Where is null ? "true" : new ConditionSql(parameters, alias).Write(scan.Where);

    private static string Order(Scan scan, string? alias)
    {
        var prefix = alias is null ? "" : alias + ".";
        var direction = scan.Descending ? " desc" : "";
        return $"order by {prefix}tenant{direction}, {prefix}entity{direction}";
    }
}

using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Writes a search as SQL that yields entity and revision, in order. The latest is a walk along an index of the heads. As of a revision,
/// which is that of a moment ago, heads that have not changed since are taken as they are, and only the others are looked up in the log. As
/// of a time is a walk along the heads with one look into the log for each.
/// </summary>
/// <param name="isIndexed">Whether a declared index holds a path; it is of use for the latest only.</param>
internal sealed class SearchSql(SearchQuery search, SqlParameters parameters, Predicate<JsonPath> isIndexed)
{
    private bool usesIndex;

    /// <summary>Writes it into a query, together with whose rows it is for.</summary>
    /// <param name="limit">Rows at most.</param>
    public void Write(Query query, long limit)
    {
        query.CommandText = Write(limit);
        // Behind a policy PostgreSQL uses no index over parts of documents, because what compares them could reveal them in an error. The
        // statement returns ids alone, and names the tenant; what they name is read behind the policies.
        query.Rows = usesIndex ? Rows.OfAll : Rows.Of(search.Tenant);
    }

    private string Write(long limit)
    {
        var rows = parameters.Add(limit);
        var source = search.StopsAtLimit && search.Sort.Count > 0 ? $"select * from ({Source()}) m limit {rows}" : Source();
        var order = string.Concat(search.Sort.SelectMany(SortSql.Order));
        return $"select s.entity, s.revision from ({source}) s{After()} order by {order}s.entity limit {rows}";
    }

    /// <summary>The row to start behind, and what is behind it in the order. Without sort keys the id alone says that.</summary>
    private string After()
    {
        if (search.After is not { } after) return "";
        var entity = parameters.Add(after.Id.Value);
        if (search.Sort.Count == 0) return $" where s.entity > {entity}";
        var behind = search.Sort.SelectMany(SortSql.Parts).Reverse()
            .Aggregate($"s.entity > {entity}", (rest, part) => SortSql.Behind(part.Name, part.Descending, rest));
        return $"""
             cross join (
                select {Columns()} from strata.log r
                where r.tenant = {Tenant} and r.entity = {entity} and r.revision = {parameters.Add(after.Revision.Value)}
            ) a where {behind}
            """;
    }

    private string Source() => search.AsOf switch
    {
        { Revision: { } revision } => $"{Heads($" and r.revision <= {parameters.Add(revision.Value)}")} union all {Changed(revision)}",
        { Time: { } time } => Past($"l.changed_at <= {parameters.Add(time)}", Everything()),
        _ => Heads(""),
    };

    private string Heads(string and) => $"""
        select {Columns()} from strata.head r
        where not r.deleted and r.tenant = {Tenant} and r.model = {Model} and r.version = {Version}{and} and {Where(isIndexed)}
        """;

    private string Changed(Revision revision)
    {
        var then = parameters.Add(revision.Value);
        return Past(
            $"l.revision <= {then}",
            $"select distinct c.tenant, c.entity from strata.log c where c.tenant = {Tenant} and c.revision > {then}");
    }

    private string Everything() => string.Join(
        " union all ",
        new[] { "not h.deleted", "h.deleted" }.Select(
            living => $"select h.tenant, h.entity from strata.head h where {living} and h.tenant = {Tenant} and h.model = {Model}"));

    private string Past(string until, string entities) => $"""
        select {Columns()} from ({entities}) k
        cross join lateral (
            select * from strata.log l where l.tenant = k.tenant and l.entity = k.entity and {until} order by l.revision desc limit 1
        ) r
        where not r.deleted and r.model = {Model} and r.version = {Version} and {Where(null)}
        """;

    private string Columns() => "r.entity, r.revision"
        + string.Concat(search.Sort.SelectMany((key, i) => new SortSql(parameters, "r").Columns(key, i)));

    private string Where(Predicate<JsonPath>? indexed)
    {
        if (search.Where is null) return "true";
        var condition = new ConditionSql(parameters, "r", indexed);
        var text = condition.Write(search.Where);
        usesIndex |= condition.UsesIndex;
        return text;
    }

    private string Tenant => parameters.Add(search.Tenant.Value);

    private string Model => parameters.Add(search.Model.Name);

    // As the column's own type, or a partial index's condition is not seen to hold.
    private string Version => $"({parameters.Add(search.Model.Version)})::integer";
}

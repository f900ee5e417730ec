using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Writes a key of an order as the columns that it takes: for a path first the type, then the value as a number or as text, because the
/// order of jsonb itself depends on the database's language.
/// </summary>
internal sealed class SortSql(SqlParameters parameters, string alias)
{
    /// <summary>Columns of a select list, each behind a comma.</summary>
    public IEnumerable<string> Columns(SortKey key, int index)
    {
        var values = key.Field is Field.Path path
            ? OfJson(ConditionSql.Follow(parameters, $"{alias}.document", path.Value)) : [Fact(((Field.Meta)key.Field).Value)];
        return values.Select((value, part) => $", {value} as {Name(index, part)}");
    }

    /// <summary>Parts of an order by, each before a comma.</summary>
    public static IEnumerable<string> Order(SortKey key, int index) =>
        Enumerable.Range(0, key.Field is Field.Path ? 3 : 1)
            .Select(part => $"s.{Name(index, part)}{(key.Descending ? " desc" : "")} nulls last, ");

    private static string Name(int index, int part) => FormattableString.Invariant($"k{index}_{part}");

    private static string[] OfJson(string value) =>
    [
        $"case jsonb_typeof({value}) when 'number' then 0 when 'string' then 1 when 'boolean' then 2 + ({value})::boolean::integer end",
        $"case when jsonb_typeof({value}) = 'number' then ({value})::numeric end",
        $"case when jsonb_typeof({value}) = 'string' then ({value} #>> '{{}}') collate \"C\" end",
    ];

    private string Fact(MetaField field) => field switch
    {
        MetaField.State => $"{alias}.state",
        MetaField.Id => $"{alias}.entity",
        MetaField.TransactionId => $"{alias}.commit",
        MetaField.TransitionForLatestSave => $"{alias}.transition",
        MetaField.CreationDate => $"{alias}.created_at",
        _ => $"{alias}.changed_at",
    };
}

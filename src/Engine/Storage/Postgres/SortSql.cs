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

    /// <summary>The columns of a key, in the order in which they count.</summary>
    public static IEnumerable<(string Name, bool Descending)> Parts(SortKey key, int index) =>
        Enumerable.Range(0, key.Field is Field.Path ? 3 : 1).Select(part => (Name(index, part), key.Descending));

    /// <summary>Parts of an order by, each before a comma.</summary>
    public static IEnumerable<string> Order(SortKey key, int index) =>
        Parts(key, index).Select(part => $"s.{part.Name}{(part.Descending ? " desc" : "")} nulls last, ");

    /// <summary>Whether row s comes behind row a by one column, or by the rest where that is the same in both.</summary>
    public static string Behind(string column, bool descending, string rest) =>
        $"(s.{column} {(descending ? '<' : '>')} a.{column} or (s.{column} is null and a.{column} is not null)"
        + $" or (s.{column} is not distinct from a.{column} and {rest}))";

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

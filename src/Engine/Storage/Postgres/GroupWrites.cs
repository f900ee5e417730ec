using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>All writes of a group in order, as the columns that a statement takes.</summary>
internal readonly struct GroupWrites(IReadOnlyList<AppendRequest> group)
{
    private readonly int count = group.Sum(r => r.Commit.Writes.Count);

    /// <param name="pick">Gets the commit, its place in the group, the write's place in its commit, and the write.</param>
    public T[] To<T>(Func<Commit, int, int, EntityWrite, T> pick)
    {
        var values = new T[count];
        var at = 0;
        for (var no = 0; no < group.Count; no++)
        {
            var commit = group[no].Commit;
            for (var ordinal = 0; ordinal < commit.Writes.Count; ordinal++)
                values[at++] = pick(commit, no, ordinal, commit.Writes[ordinal]);
        }
        return values;
    }
}

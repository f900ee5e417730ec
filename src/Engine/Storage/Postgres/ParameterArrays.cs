using Npgsql;
using NpgsqlTypes;

namespace Strata.Storage.Postgres;

/// <summary>
/// Parameters that are arrays, set one after another. Npgsql infers nothing: a prepared statement keeps the types of its first use.
/// </summary>
internal sealed class ParameterArrays(NpgsqlParameterCollection parameters)
{
    private int next;

    /// <summary>The next array is the first parameter's.</summary>
    public void Restart() => next = 0;

    public void Set<T>(NpgsqlDbType element, T[] values)
    {
        if (next == parameters.Count) parameters.Add(new NpgsqlParameter<T[]> { NpgsqlDbType = NpgsqlDbType.Array | element });
        ((NpgsqlParameter<T[]>)parameters[next++]).TypedValue = values;
    }
}

using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Strata.Storage.Postgres;

/// <summary>Collects the values of a query while its text is written: the text never contains a value, only its number.</summary>
internal sealed class SqlParameters(NpgsqlParameterCollection parameters)
{
    public string Add(string text) => Add(text, NpgsqlDbType.Text);

    public string Add(long number) => Add(number, NpgsqlDbType.Bigint);

    public string Add(Guid id) => Add(id, NpgsqlDbType.Uuid);

    public string Add(DateTimeOffset time) => Add(time.ToUniversalTime(), NpgsqlDbType.TimestampTz);

    public string AddJson(ReadOnlyMemory<byte> json) => Add(json, NpgsqlDbType.Jsonb);

    public string AddJson(ReadOnlyMemory<byte>[] json) => Add(json, NpgsqlDbType.Array | NpgsqlDbType.Jsonb);

    private string Add<T>(T value, NpgsqlDbType type)
    {
        parameters.Add(new NpgsqlParameter<T> { TypedValue = value, NpgsqlDbType = type });
        return "$" + parameters.Count.ToString(CultureInfo.InvariantCulture);
    }
}

using Npgsql;

namespace Strata.Storage.Postgres;

/// <summary>
/// One statement, and whose rows it is for: both are sent in one round trip and are one transaction. Executed once.
/// </summary>
internal sealed class Query(NpgsqlConnection connection, Rows rows) : IAsyncDisposable
{
    private readonly NpgsqlBatch batch = new(connection);
    private readonly NpgsqlBatchCommand statement = new();

    /// <summary>May be changed until it is executed.</summary>
    public Rows Rows { get; set; } = rows;

    public string CommandText
    {
        get => statement.CommandText;
        set => statement.CommandText = value;
    }

    public NpgsqlParameterCollection Parameters => statement.Parameters;

    /// <summary>Seconds; 0: without end.</summary>
    public int CommandTimeout { set => batch.Timeout = value; }

    /// <summary>From any thread; see <see cref="Abandoned.Cancel"/>.</summary>
    public void Cancel() => batch.Cancel();

    public async Task<NpgsqlDataReader> ExecuteReaderAsync(CancellationToken cancellationToken)
    {
        var set = Rows.ToCommand(connection.Database);
        if (set is not null) batch.BatchCommands.Add(set);
        batch.BatchCommands.Add(statement);
        var reader = await batch.ExecuteReaderAsync(cancellationToken);
        try
        {
            if (set is not null) await reader.NextResultAsync(cancellationToken);
            return reader;
        }
        catch
        {
            await reader.DisposeAsync();
            throw;
        }
    }

    /// <returns>The first column of the first row; null: there is no row.</returns>
    public async Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken)
    {
        await using var reader = await ExecuteReaderAsync(cancellationToken);
        var value = await reader.ReadAsync(cancellationToken) ? reader.GetValue(0) : null;
        while (await reader.ReadAsync(cancellationToken)) { }
        return value;
    }

    /// <returns>How many rows were written.</returns>
    public async Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken)
    {
        await using (var reader = await ExecuteReaderAsync(cancellationToken))
            while (await reader.ReadAsync(cancellationToken)) { }
        return (int)statement.RecordsAffected;
    }

    public ValueTask DisposeAsync() => batch.DisposeAsync();
}

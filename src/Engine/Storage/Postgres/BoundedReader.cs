using Npgsql;

namespace Strata.Storage.Postgres;

/// <summary>
/// Reads rows one by one until they are enough. Then the query is cancelled, because closing the reader alone would have the database send
/// all the rest.
/// </summary>
internal static class BoundedReader
{
    /// <param name="take">Reads one row; false: it is enough, and this was the last.</param>
    /// <returns>Whether all rows were read.</returns>
    public static async Task<bool> ReadAsync(Query command, Func<NpgsqlDataReader, bool> take, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var reader = await command.ExecuteReaderAsync(enough.Token);
        while (await reader.ReadAsync(enough.Token))
        {
            if (take(reader)) continue;
            await StopAsync(reader, enough, cancellationToken);
            return false;
        }
        return true;
    }

    private static async Task StopAsync(NpgsqlDataReader reader, CancellationTokenSource enough, CancellationToken cancellationToken)
    {
        try
        {
            await enough.CancelAsync();
            while (await reader.ReadAsync(enough.Token)) { }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // as intended
        }
    }
}

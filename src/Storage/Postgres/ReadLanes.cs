using Npgsql;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Batchers side by side, each with its connection, so that the database answers one batch while this program reads another's answer. An entity is
/// always read in the same lane.
/// </summary>
internal sealed class ReadLanes(Connections connections, PostgresOptions options, Func<NpgsqlConnection, CancellationToken, Task<ReadStatement>> prepare)
    : IAsyncDisposable
{
    // A lane keeps one processor busy, on either side of the connection in turns; past four the batches get too small to pay.
    private readonly ReadBatcher[] lanes = [.. Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount, 2, 4)).Select(_ => new ReadBatcher(connections, options, prepare))];

    public ValueTask<EntityRevision?> ReadAsync(ReadKey key, CancellationToken cancellationToken) =>
        lanes[(uint)key.Id.GetHashCode() % (uint)lanes.Length].ReadAsync(key, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in lanes) await lane.DisposeAsync();
    }
}

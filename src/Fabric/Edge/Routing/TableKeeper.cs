using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Strata.Core.Background;

namespace Strata.Edge.Routing;

/// <summary>
/// Writes tables to disk behind the edge that serves by them: the newest one, at most one each <see cref="Every"/>, because a file of many routes is
/// written and synced whole. So a crash loses what changed in the last second at most, and the control plane tells that again. For one writer.
/// </summary>
internal sealed partial class TableKeeper(TableFile file, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly Channel<TableSnapshot> newest =
        Channel.CreateBounded<TableSnapshot>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Never waits.</summary>
    public void Keep(TableSnapshot table) => newest.Writer.TryWrite(table);

    public async Task RunAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        await foreach (var table in newest.Reader.ReadAllAsync(cancellationToken))
        {
            await WriteAsync(table);
            work.Succeeded();
            await Task.Delay(Every, time, cancellationToken);
        }
    }

    /// <summary>Writes what is not written yet; when nothing else runs any more.</summary>
    public async Task FlushAsync()
    {
        if (newest.Reader.TryRead(out var table)) await WriteAsync(table);
    }

    /// <summary>To its end, also where the edge stops meanwhile.</summary>
    private async Task WriteAsync(TableSnapshot table)
    {
        try
        {
            await file.WriteAsync(table, CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotKept(logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The table is in use but could not be written to disk")]
    private static partial void LogNotKept(ILogger logger, Exception exception);
}

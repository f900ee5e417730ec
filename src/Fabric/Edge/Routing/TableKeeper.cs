using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Strata.Core.Background;

namespace Strata.Edge.Routing;

/// <summary>
/// Writes tables to disk behind the edge that serves by them: the newest one, with a pause after each of ten times as long as it took to
/// write, <see cref="LongestPause"/> at most: a file of many routes is written and synced whole, and a small one is on the disk at once.
/// What a crash loses of the last moments comes again from the control plane. For one writer.
/// </summary>
internal sealed partial class TableKeeper(TableFile file, TimeProvider time, ILogger logger)
{
    private const int PauseFactor = 10;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly Channel<TableSnapshot> newest =
        Channel.CreateBounded<TableSnapshot>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <summary>Never waits.</summary>
    public void Keep(TableSnapshot table) => newest.Writer.TryWrite(table);

    public async Task RunAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        await foreach (var table in newest.Reader.ReadAllAsync(cancellationToken))
        {
            var began = time.GetTimestamp();
            await WriteAsync(table);
            work.Succeeded();
            var pause = time.GetElapsedTime(began) * PauseFactor;
            await Task.Delay(pause < LongestPause ? pause : LongestPause, time, cancellationToken);
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

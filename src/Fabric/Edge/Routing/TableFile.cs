using System.Text.Json;
using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Edge.Routing;

/// <summary>
/// The last good table on disk, from which an edge serves when the control plane is away. Replaced as a whole (a new file, renamed over the
/// old one), so a crash leaves either. A file that cannot be read counts as none.
/// </summary>
internal sealed partial class TableFile(string path, ILogger logger)
{
    private const int FormatVersion = 2;

    public async Task<TableSnapshot?> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await using var file = File.OpenRead(path);
            var content = await JsonSerializer.DeserializeAsync(file, WireJson.Of<Content>(), cancellationToken);
            return content is { Version: FormatVersion } ? content.Table : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            LogUnreadable(logger, path, e);
            return null;
        }
    }

    public async Task WriteAsync(TableSnapshot table, CancellationToken cancellationToken = default)
    {
        var fresh = path + ".new";
        await using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await JsonSerializer.SerializeAsync(file, new Content(FormatVersion, table), WireJson.Of<Content>(), cancellationToken);
            file.Flush(flushToDisk: true);
        }
        File.Move(fresh, path, overwrite: true);
    }

    private sealed record Content(int Version, TableSnapshot Table);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last good table at {Path} cannot be read; the edge starts without it")]
    private static partial void LogUnreadable(ILogger logger, string path, Exception exception);
}

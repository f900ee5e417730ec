using System.Globalization;
using System.Text;
using Strata.Client;
using Strata.Core;
using Strata.Runtimes;

namespace Strata.Agent.Logs;

/// <summary>
/// Ships one instance's output to the API in batches of whole lines, one every 100 ms at most, which also bounds what a flood writes into
/// the database. What cannot be shipped waits in the files; what is more than the API keeps is not shipped, and a line says how much that
/// is. One loop per instance; stop it by its token, then call <see cref="DrainAsync"/>.
/// </summary>
internal sealed class LogShipper(StrataClient client, string instance, string org, string log, TimeProvider time)
{
    /// <summary>The most that the API accepts at once.</summary>
    private const int BatchBytesMax = 256 * 1024;
    private const int LineBytesMax = 32 * 1024;

    /// <summary>The API keeps at most this much of one instance.</summary>
    private const long BacklogBytesMax = 4 << 20;

    /// <summary>Less than that, so that the line that says what is lost is kept too.</summary>
    private const long BytesAfterLoss = 3 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DrainTimeMax = TimeSpan.FromSeconds(5);

    private readonly string path = $"/api/v1/instances/{Uri.EscapeDataString(instance)}/logs?org={Uri.EscapeDataString(org)}";
    private long position = LogPosition.Load(log);

    /// <summary>Where the file begins that is read.</summary>
    private long current;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var pause = Pause;
            try
            {
                await ShipAsync(toEnd: false, cancellationToken);
            }
            catch (Exception e) when (e is StrataException or IOException)
            {
                pause = PauseAfterFailure;
            }
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Ships what is left after the program has ended, an unfinished last line too; gives up after 5 s.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(DrainTimeMax);
        try
        {
            while (await ShipAsync(toEnd: true, deadline.Token))
            {
            }
        }
        catch (Exception e)
            when (e is StrataException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The API is away. The rest is deleted with the file: an instance that has ended must not fill the disk.
        }
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> ShipAsync(bool toEnd, CancellationToken cancellationToken)
    {
        if (!IsNear() && !await FindAsync(cancellationToken)) return false;
        var next = current + new FileInfo(LogFile.At(log, current)).Length;
        var hasNext = next > current && File.Exists(LogFile.At(log, next));
        if (hasNext && position >= next)
        {
            current = next;
            return true;
        }
        var sent = await ShipAsync(LogFile.At(log, current), position - current, toEnd || hasNext, cancellationToken);
        if (sent > 0) Move(position + sent);
        return sent > 0;
    }

    /// <summary>Whether the file with the position is known and little is left to ship: then the folder need not be searched.</summary>
    private bool IsNear()
    {
        var file = new FileInfo(LogFile.At(log, current));
        return file.Exists && position >= current && file.Length - (position - current) is >= 0 and <= BacklogBytesMax
            && file.Length <= LogWriter.FileBytesMax;
    }

    /// <summary>
    /// Finds the file with the position. If too much is left to ship, or the writer has deleted some, the last part is shipped after a line
    /// that says how much is lost.
    /// </summary>
    private async Task<bool> FindAsync(CancellationToken cancellationToken)
    {
        if (LogFile.Starts(log) is not { Count: > 0 } starts) return false;
        var end = starts[^1] + new FileInfo(LogFile.At(log, starts[^1])).Length;
        if (position > end) Move(starts[0]);
        if (position < starts[0] || end - position > BacklogBytesMax)
        {
            var next = Math.Max(starts[0], end - BytesAfterLoss);
            var text = string.Create(CultureInfo.InvariantCulture,
                $"… {next - position} bytes dropped: the output came faster than the log can store it.\n");
            await SendAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
            Move(next);
        }
        current = starts.FindLast(start => start <= position);
        return true;
    }

    private async Task<long> ShipAsync(string file, long offset, bool toEnd, CancellationToken cancellationToken)
    {
        if (new FileInfo(file) is not { Exists: true } info || info.Length <= offset) return 0;
        var buffer = new byte[Math.Min(BatchBytesMax - 1, info.Length - offset)];
        int read;
        await using (var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            stream.Seek(offset, SeekOrigin.Begin);
            read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        }
        var length = WholeLines(buffer.AsSpan(0, read), toEnd);
        if (length > 0) await SendAsync(Text(buffer.AsMemory(0, length)), cancellationToken);
        return length;
    }

    private Task SendAsync(ReadOnlyMemory<byte> lines, CancellationToken cancellationToken) =>
        client.SendBytesAsync(HttpMethod.Post, path, lines, "text/plain", cancellationToken: cancellationToken);

    /// <summary>Up to the last line end; without one, a line that is too long to wait for is cut.</summary>
    private static int WholeLines(ReadOnlySpan<byte> bytes, bool toEnd)
    {
        var end = bytes.LastIndexOf((byte)'\n') + 1;
        if (end > 0 && (!toEnd || bytes.Length == BatchBytesMax - 1)) return end;
        return toEnd || bytes.Length >= LineBytesMax ? bytes.Length : 0;
    }

    /// <summary>Only text may be kept: zero bytes and what is not UTF-8 is replaced, and the last line ends.</summary>
    private static ReadOnlyMemory<byte> Text(ReadOnlyMemory<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes.Span).Replace('\0', '\uFFFD');
        var clean = Encoding.UTF8.GetBytes(text.EndsWith('\n') ? text : text + "\n");
        // Replacement marks are three bytes: a batch of garbage would grow past what the API takes.
        return clean.Length <= BatchBytesMax ? clean : "[output that is not text]\n"u8.ToArray();
    }

    private void Move(long next)
    {
        position = next;
        LogPosition.Save(log, next);
    }
}

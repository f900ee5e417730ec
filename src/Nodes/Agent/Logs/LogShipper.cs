using Strata.Client;
using Strata.Core;

namespace Strata.Nodes.Agent.Logs;

/// <summary>
/// Ships one instance's output to the API in batches of whole lines, at most every 100 ms. What cannot be shipped waits in the file; past two files of 8 MiB the oldest
/// is lost. Rotates the file. One loop per instance; stop it by its token, then call <see cref="DrainAsync"/>.
/// </summary>
internal sealed class LogShipper(StrataClient client, string instance, string org, string log, TimeProvider time)
{
    /// <summary>As the API takes at once.</summary>
    private const int BatchBytesMax = 256 * 1024;
    private const int LineBytesMax = 32 * 1024;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DrainTimeMax = TimeSpan.FromSeconds(5);

    private readonly string path = $"/api/v1/instances/{Uri.EscapeDataString(instance)}/logs?org={Uri.EscapeDataString(org)}";
    private LogPosition position = LogPosition.Load(log);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var pause = Pause;
            try
            {
                if (await ShipAsync(toEnd: false, cancellationToken)) continue;
                if (LogFile.Rotate(log)) Move(position.Rotate());
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
        catch (Exception e) when (e is StrataException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The API is not there. What is left goes with the file: an instance that has ended must not fill the disk.
        }
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> ShipAsync(bool toEnd, CancellationToken cancellationToken)
    {
        if (position.Rotated is { } offset)
        {
            var sent = await ShipAsync(LogFile.RotatedOf(log), offset, toEnd: true, cancellationToken);
            Move(position with { Rotated = sent == 0 ? null : offset + sent });
            return true;
        }
        // Emptied by a rotation that did not live to be noted.
        if (new FileInfo(log) is { Exists: true } file && file.Length < position.Current) Move(position with { Current = 0 });
        var more = await ShipAsync(log, position.Current, toEnd, cancellationToken);
        if (more > 0) Move(position with { Current = position.Current + more });
        return more > 0;
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
        if (length > 0) await client.SendBytesAsync(HttpMethod.Post, path, Text(buffer.AsMemory(0, length)), "text/plain", cancellationToken: cancellationToken);
        return length;
    }

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
        var text = System.Text.Encoding.UTF8.GetString(bytes.Span).Replace('\0', '\uFFFD');
        var clean = System.Text.Encoding.UTF8.GetBytes(text.EndsWith('\n') ? text : text + "\n");
        // Replacement marks are three bytes: a batch of garbage would grow past what the API takes.
        return clean.Length <= BatchBytesMax ? clean : "[output that is not text]\n"u8.ToArray();
    }

    private void Move(LogPosition next)
    {
        position = next;
        next.Save(log);
    }
}

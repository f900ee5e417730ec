using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Deployments.Build;

/// <summary>
/// The log of one build: keeps its end, and ships lines to their stream at most every <see cref="ShipInterval"/>. <see cref="Line"/> is
/// safe for concurrent use and never waits; what it takes is bounded by the sandbox's own bound on output. Disposing ships what is left.
/// Lines that the store refuses are dropped: a build does not fail for its log.
/// </summary>
internal sealed partial class BuildLog : IAsyncDisposable
{
    public const int TailLinesMax = 20;
    private const int ChunkBytes = 64 * 1024;
    private const int LineCharsMax = 4096;
    private static readonly TimeSpan ShipInterval = TimeSpan.FromMilliseconds(150);

    private readonly Channel<string> lines = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource ended = new();
    private readonly Queue<string> tail = new();
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Task shipping;

    public BuildLog(ILines store, TenantId tenant, EntityId stream, TimeProvider time, ILogger logger)
    {
        (this.time, this.logger) = (time, logger);
        shipping = ShipAsync((chunk, stop) => store.AppendAsync(tenant, stream, chunk, stop));
    }

    /// <summary>The last lines that a command wrote, for the release's status; Strata's own lines are left out.</summary>
    public IReadOnlyList<string> Tail
    {
        get
        {
            lock (tail) return [.. tail];
        }
    }

    /// <summary>What a command wrote.</summary>
    public void Line(string text)
    {
        var line = UrlCredentials.Mask(text.Shortened(LineCharsMax));
        lock (tail)
        {
            tail.Enqueue(line);
            if (tail.Count > TailLinesMax) tail.Dequeue();
        }
        lines.Writer.TryWrite(line);
    }

    /// <summary>A heading of Strata's own.</summary>
    public void Step(string text) => lines.Writer.TryWrite("==> " + UrlCredentials.Mask(text));

    /// <summary>A remark of Strata's own.</summary>
    public void Note(string text) => lines.Writer.TryWrite("    " + UrlCredentials.Mask(text));

    public static string Seconds(TimeSpan duration) =>
        duration.TotalSeconds.ToString(duration.TotalSeconds < 10 ? "0.0" : "0", CultureInfo.InvariantCulture) + " s";

    /// <summary>Ships what is left; lines that come later are dropped.</summary>
    public async Task CompleteAsync()
    {
        if (!lines.Writer.TryComplete()) return; // Disposed before: the build waits for the whole log before it reports its end.
        await ended.CancelAsync();
        await shipping;
    }

    public async ValueTask DisposeAsync()
    {
        await CompleteAsync();
        ended.Dispose();
    }

    private async Task ShipAsync(Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<long>> append)
    {
        while (await lines.Reader.WaitToReadAsync(CancellationToken.None))
        {
            try
            {
                await append(Encoding.UTF8.GetBytes(NextChunk()), CancellationToken.None);
            }
            catch (StrataException e)
            {
                LinesLost(logger, e.Error.Code);
            }
            await Task.Delay(ShipInterval, time, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private string NextChunk()
    {
        var chunk = new StringBuilder();
        while (chunk.Length < ChunkBytes && lines.Reader.TryRead(out var line))
            chunk.Append(line.ReplaceLineEndings(" ").Replace('\0', ' ')).Append('\n');
        return chunk.ToString();
    }
}

using System.Threading.Channels;

namespace Strata.Server.Logging;

/// <summary>
/// Appends lines to a file from one writer in the background. Bounded: past <see cref="BytesMax"/> the file becomes <c>.1</c> and a new one
/// begins, and when the disk cannot keep up lines are dropped and counted. Never throws at its callers.
/// </summary>
internal sealed class LogFile : IAsyncDisposable
{
    public const long BytesMax = 16 * 1024 * 1024;

    private const int QueueMax = 4096;

    private readonly Channel<string> lines = Channel.CreateBounded<string>(new BoundedChannelOptions(QueueMax) { SingleReader = true });
    private readonly string path;
    private readonly Task writing;
    private long dropped;

    public LogFile(string path)
    {
        this.path = path;
        writing = Task.Run(WriteAllAsync);
    }

    public void Add(string line)
    {
        if (!lines.Writer.TryWrite(line)) Interlocked.Increment(ref dropped);
    }

    public async ValueTask DisposeAsync()
    {
        lines.Writer.TryComplete();
        await writing;
    }

    private async Task WriteAllAsync()
    {
        while (await lines.Reader.WaitToReadAsync())
        {
            try
            {
                await WriteSomeAsync();
            }
            catch (Exception) // whatever it was, later lines may fit
            {
                Interlocked.Increment(ref dropped);
                if (lines.Reader.TryRead(out _)) continue;
            }
        }
    }

    private async Task WriteSomeAsync()
    {
        if (File.Exists(path) && new FileInfo(path).Length > BytesMax) File.Move(path, path + ".1", overwrite: true);
        var options = new FileStreamOptions
        {
            Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using var file = new StreamWriter(path, options);
        if (Interlocked.Exchange(ref dropped, 0) is > 0 and var lost) await file.WriteLineAsync($"({lost} lines were dropped here)");
        for (var room = QueueMax; room > 0 && lines.Reader.TryRead(out var line); room--) await file.WriteLineAsync(line);
    }
}

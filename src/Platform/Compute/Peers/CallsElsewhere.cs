using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Strata.Compute.Peers;

/// <summary>
/// Calls of other servers, as JSON, that wait for one watcher. One that is slow misses the oldest beyond <see cref="BytesMax"/>. For one
/// reader and many writers.
/// </summary>
internal sealed class CallsElsewhere
{
    public const int BytesMax = 1 << 20;

    private readonly Channel<byte[]> calls = Channel.CreateUnbounded<byte[]>(); // bounded by bytes
    private int bytes;

    public void Add(byte[] call)
    {
        Interlocked.Add(ref bytes, call.Length);
        calls.Writer.TryWrite(call);
        while (Volatile.Read(ref bytes) > BytesMax && TryRead(out _))
        {
        }
    }

    public bool TryRead([MaybeNullWhen(false)] out byte[] call)
    {
        if (!calls.Reader.TryRead(out call)) return false;
        Interlocked.Add(ref bytes, -call.Length);
        return true;
    }

    public ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken) => calls.Reader.WaitToReadAsync(cancellationToken);
}

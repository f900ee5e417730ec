using System.Buffers;
using System.IO.Pipelines;

namespace Strata.EntityApi.Transfer;

/// <summary>Nothing has arrived for too long: the data that was sent is not at fault.</summary>
internal sealed class TransferSilenceException(TimeSpan silence) : Exception
{
    public TimeSpan Silence => silence;
}

/// <summary>Reads lines of bytes, each bounded. For one reader at a time.</summary>
/// <param name="silenceMax">How long nothing may arrive.</param>
internal sealed class LineReader(PipeReader input, int bytesMax, TimeSpan silenceMax, TimeProvider time)
{
    /// <summary>The next line with its line feed, where it has one; null at the end.</summary>
    /// <exception cref="TransferFaultException">The line is too long.</exception>
    /// <exception cref="TransferSilenceException">Nothing arrives.</exception>
    public async ValueTask<byte[]?> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!input.TryRead(out var read)) read = await WaitAsync(cancellationToken);
            var buffer = read.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } feed) return Take(buffer.Slice(0, buffer.GetPosition(1, feed)));
            if (buffer.Length > bytesMax || read.IsCompleted) return Take(buffer);
            input.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private async ValueTask<ReadResult> WaitAsync(CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(silenceMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            return await input.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (silence.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TransferSilenceException(silenceMax);
        }
    }

    private byte[]? Take(ReadOnlySequence<byte> line)
    {
        var bytes = line.Length > bytesMax ? null : line.ToArray();
        input.AdvanceTo(line.End); // whatever it holds: a reader left in the middle cannot be drained
        if (bytes is null) throw new TransferFaultException($"It is longer than {bytesMax} bytes.");
        return bytes.Length == 0 ? null : bytes;
    }
}

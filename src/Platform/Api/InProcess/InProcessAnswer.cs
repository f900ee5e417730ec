using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Api.InProcess;

/// <summary>An answer as it comes.</summary>
public sealed class InProcessAnswer : IAsyncDisposable
{
    private const int LineBytesMax = 16 << 20;
    private const int BodyBytesMax = 64 << 20;

    private static readonly Error TooLarge = new(
        ErrorKind.TooLarge, "TOO_LARGE", $"The answer has more than {BodyBytesMax >> 20} MiB.",
        "Ask for less at once: a smaller page, or a stream.");

    private readonly HttpContext http;
    private readonly InProcessApi.Lifetime lifetime;
    private readonly Task run;

    internal InProcessAnswer(HttpContext http, PipeReader body, InProcessApi.Lifetime lifetime, Task run) =>
        (this.http, Body, this.lifetime, this.run) = (http, body, lifetime, run);

    public PipeReader Body { get; }

    /// <summary>Known once some of the body, or its end, has been read.</summary>
    public int Status => http.Response.StatusCode;

    /// <summary>The whole body.</summary>
    /// <exception cref="StrataException">TOO_LARGE: it would not be held in memory.</exception>
    public async ValueTask<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        while (true)
        {
            var read = await Body.ReadAsync(cancellationToken);
            if (all.Length + read.Buffer.Length > BodyBytesMax) throw TooLarge.ToException();
            foreach (var part in read.Buffer) all.Write(part.Span);
            Body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return all.ToArray();
        }
    }

    /// <summary>The body's lines, each as it comes.</summary>
    /// <exception cref="StrataException">What the request was refused with.</exception>
    public async IAsyncEnumerable<byte[]> LinesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await Body.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            if (Status >= 400)
            {
                Body.AdvanceTo(buffer.Start);
                throw Refusal(Status, await ReadAsync(cancellationToken));
            }
            while (TryTakeLine(ref buffer, read.IsCompleted, out var line))
            {
                if (line.Length > 0) yield return line.ToArray();
            }
            if (buffer.Length > LineBytesMax) throw new InvalidOperationException("A line of the answer is too long.");
            Body.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted) yield break;
        }
    }

    internal static StrataException Refusal(int status, byte[] body) =>
        (ProblemDetails.Read(status, body) ?? new Error(ErrorStatus.KindOf(status), "INTERNAL", $"The request failed with {status}."))
            .ToException();

    /// <summary>Ends the request where it has not ended.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!run.IsCompleted) lifetime.Abort();
        await Body.CompleteAsync();
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lifetime.Dispose();
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> buffer, bool isLast, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is { } end)
        {
            line = buffer.Slice(0, end);
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            return true;
        }
        line = isLast ? buffer : default;
        if (!isLast || buffer.IsEmpty) return false;
        buffer = buffer.Slice(buffer.End);
        return true;
    }
}

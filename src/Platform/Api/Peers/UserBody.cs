using System.Buffers;
using System.Net;
using System.Runtime.ExceptionServices;
using Microsoft.AspNetCore.Http;

namespace Strata.Api.Peers;

/// <summary>
/// The body of a user's request on its way to another server, as it comes. It can be sent once: the handler may want to send a request
/// again by itself, and what is left of a chunked body would look like the whole.
/// </summary>
internal sealed class UserBody : HttpContent
{
    private const int ChunkBytes = 16 << 10;

    private readonly HttpRequest request;
    private readonly CancellationToken ending;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int hasBegun;

    /// <param name="ending">Cancelled when the request is over, whatever is still to come of the body.</param>
    public UserBody(HttpRequest request, CancellationToken ending)
    {
        (this.request, this.ending) = (request, ending);
        if (request.ContentType is { } type) Headers.TryAddWithoutValidation("Content-Type", type);
        foreach (var encoding in request.Headers.ContentEncoding) Headers.TryAddWithoutValidation("Content-Encoding", encoding);
    }

    /// <summary>Why the body could not be read while it came; null: it could.</summary>
    public ExceptionDispatchInfo? Fault { get; private set; }

    /// <summary>Completes when nothing reads the body and nothing will. To be awaited after the end was signalled.</summary>
    public Task EndedAsync() => Interlocked.Exchange(ref hasBegun, 1) == 0 ? Task.CompletedTask : ended.Task;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref hasBegun, 1) != 0) throw new IOException("The body was sent already, or a part of it.");
        var chunk = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ending);
            while (true)
            {
                // What has arrived must not wait in the connection's buffer for later data, nor the request's head at the start.
                await stream.FlushAsync(either.Token);
                var read = await ReadAsync(chunk, either.Token);
                if (read == 0) return;
                await stream.WriteAsync(chunk.AsMemory(0, read), either.Token);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
            ended.TrySetResult();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = request.ContentLength ?? 0;
        return request.ContentLength is not null;
    }

    private async ValueTask<int> ReadAsync(byte[] chunk, CancellationToken cancellationToken)
    {
        try
        {
            return await request.Body.ReadAsync(chunk, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Fault = ExceptionDispatchInfo.Capture(e);
            throw;
        }
    }
}

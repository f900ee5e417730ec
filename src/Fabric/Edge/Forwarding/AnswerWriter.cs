using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Strata.Edge.Upstreams;
using Strata.Edge.Visits;

namespace Strata.Edge.Forwarding;

/// <summary>The client is gone, so there is no one to respond to.</summary>
internal sealed class ClientGoneException : Exception;

/// <summary>Passes an instance's answer on: head, then body, with the client's pace as the limit.</summary>
internal static class AnswerWriter
{
    private const int BlockBytes = 32 * 1024;

    public static void WriteHead(Exchange x)
    {
        var answer = x.Answer;
        var headers = x.Response.Headers;
        var seen = 0UL;
        x.IsAnswered = true;
        x.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Lines)
        {
            if (answer.ConnectionNames is { } named && named.Contains(name.Text, StringComparer.OrdinalIgnoreCase)) continue;
            // Another application of the host must not make someone else of a visitor.
            if (ReferenceEquals(name, HeaderName.SetCookie) && VisitCookies.IsOurs(value)) continue;
            headers[name.Text] = name.IsFirst(ref seen) ? value : StringValues.Concat(headers[name.Text], value);
        }
        if (answer.ContentLength is { } length && answer.Status is not (204 or < 200)) headers.ContentLength = length;
        headers["X-Request-Id"] = x.RequestId;
    }

    /// <summary>Passes the body on. True: it ended where it should, and the connection can be used again.</summary>
    public static ValueTask<bool> WriteBodyAsync(Exchange x, UpstreamConnection connection)
    {
        switch (x.Answer.FramingFor(x.IsHead))
        {
            case BodyFraming.None:
                return new(true);
            case BodyFraming.Length:
                var left = x.Answer.ContentLength!.Value - WriteUnread(x, connection, x.Answer.ContentLength.Value);
                return left == 0 ? new(true) : CopyLengthAsync(x, connection, left);
            case BodyFraming.Chunked:
                return CopyChunkedAsync(x, connection);
            default:
                return CopyUntilCloseAsync(x, connection);
        }
    }

    private static int WriteUnread(Exchange x, UpstreamConnection connection, long max)
    {
        var unread = connection.Unread;
        var count = (int)Math.Min(max, unread.Length);
        if (count == 0) return 0;
        Put(x.BodyWriter, unread[..count]);
        connection.Consume(count);
        return count;
    }

    /// <summary>What has come is passed on before there is a wait for more, the head by itself too.</summary>
    private static async ValueTask<bool> CopyLengthAsync(Exchange x, UpstreamConnection connection, long left)
    {
        var block = ArrayPool<byte>.Shared.Rent((int)Math.Min(left, BlockBytes));
        var (isFlushed, isReceiving) = (false, true);
        try
        {
            while (true)
            {
                isReceiving = true;
                connection.ExpectWithin(x.Limits.BodyIdleTimeout);
                var receiving = connection.ReceiveIntoAsync(block.AsMemory(0, (int)Math.Min(left, block.Length)));
                if (!isFlushed && !receiving.IsCompleted)
                {
                    await FlushAsync(x, connection);
                    connection.ExpectWithin(x.Limits.BodyIdleTimeout);
                }
                var count = await receiving;
                isReceiving = false;
                if (count == 0) throw new UpstreamException("its body ended early");
                Put(x.BodyWriter, block.AsSpan(0, count));
                left -= count;
                // The last piece too: Kestrel does not flush what follows the head of an answer of known length.
                await FlushAsync(x, connection);
                isFlushed = true;
                if (left == 0) return true;
            }
        }
        finally
        {
            if (!isReceiving) ArrayPool<byte>.Shared.Return(block); // else the kernel may still write into it
        }
    }

    private static async ValueTask<bool> CopyChunkedAsync(Exchange x, UpstreamConnection connection)
    {
        var chunks = default(ChunkedReader);
        while (true)
        {
            if (connection.Unread.Length > 0)
            {
                connection.Consume(chunks.Read(connection.Unread, x.BodyWriter));
                if (chunks.IsDone) return true;
            }
            await FlushAsync(x, connection);
            connection.UseBuffer(BlockBytes);
            connection.ExpectWithin(x.Limits.BodyIdleTimeout);
            connection.Received(await connection.ReceiveAsync());
        }
    }

    private static async ValueTask<bool> CopyUntilCloseAsync(Exchange x, UpstreamConnection connection)
    {
        do
        {
            WriteUnread(x, connection, long.MaxValue);
            await FlushAsync(x, connection);
            connection.UseBuffer(BlockBytes);
            connection.ExpectWithin(x.Limits.BodyIdleTimeout);
        }
        while (connection.TryReceived(await connection.ReceiveAsync()));
        return false;
    }

    /// <summary>
    /// Before the answer has begun Kestrel's writer gives no memory without a size hint, so <c>BuffersExtensions.Write</c> would fail.
    /// </summary>
    public static void Put(IBufferWriter<byte> writer, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var target = writer.GetSpan(1);
            var count = Math.Min(target.Length, bytes.Length);
            bytes[..count].CopyTo(target);
            writer.Advance(count);
            bytes = bytes[count..];
        }
    }

    private static async ValueTask FlushAsync(Exchange x, UpstreamConnection connection)
    {
        connection.ExpectNothing();
        x.Encoder?.Flush();
        var flushed = await x.ResponseBody.Writer.FlushAsync();
        if (flushed.IsCompleted || flushed.IsCanceled) throw new ClientGoneException();
    }
}

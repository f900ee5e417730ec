using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Forwarding;

/// <summary>
/// Sends a request's body to an instance while its answer may already be coming: it runs beside the reading of the answer and never throws.
/// When the client's side fails it cuts the connection off, so that the reader of the answer learns of it; when the instance's side fails
/// it just ends, for the instance may have answered before.
/// </summary>
internal static class Upload
{
    private const int ChunkBytesMax = 64 * 1024;

    public static async Task RunAsync(Exchange x, UpstreamConnection connection)
    {
        try
        {
            if (x.Request.Headers.ContentLength is null) await SendChunkedAsync(x, connection);
            else await SendPlainAsync(x, connection);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The answer, or its absence, says what happened.
        }
        catch (Exception e)
        {
            x.UploadFault = e;
            connection.CutOff(CutReason.ClientGone);
        }
    }

    /// <summary>Ends an upload that is no longer needed. The connection cannot be reused afterwards.</summary>
    public static async Task StopAsync(Task running, Exchange x, UpstreamConnection connection)
    {
        if (running.IsCompleted) return;
        x.BodyReader.CancelPendingRead();
        connection.CutOff(CutReason.None);
        await running;
    }

    private static async Task SendPlainAsync(Exchange x, UpstreamConnection connection)
    {
        var reader = x.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            if (read.IsCanceled) return;
            foreach (var segment in read.Buffer) await connection.SendAsync(segment, x.Limits.BodyIdleTimeout);
            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }
        connection.ExpectWithin(x.Limits.AnswerTimeout);
    }

    private static async Task SendChunkedAsync(Exchange x, UpstreamConnection connection)
    {
        var reader = x.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            if (read.IsCanceled) return;
            var buffer = read.Buffer.Length > ChunkBytesMax ? read.Buffer.Slice(0, ChunkBytesMax) : read.Buffer;
            var isLast = read.IsCompleted && buffer.Length == read.Buffer.Length;
            WriteChunk(x.Head, buffer, isLast);
            await connection.SendAsync(x.Head.Written, x.Limits.BodyIdleTimeout);
            reader.AdvanceTo(buffer.End);
            if (isLast) break;
        }
        connection.ExpectWithin(x.Limits.AnswerTimeout);
    }

    private static void WriteChunk(RequestHead head, in ReadOnlySequence<byte> data, bool isLast)
    {
        head.Clear();
        if (data.Length > 0)
        {
            head.Write(Encoding.ASCII.GetBytes(data.Length.ToString("x", System.Globalization.CultureInfo.InvariantCulture)));
            head.Write("\r\n"u8);
            head.Write(data);
            head.Write("\r\n"u8);
        }
        if (isLast) head.Write("0\r\n\r\n"u8);
    }
}

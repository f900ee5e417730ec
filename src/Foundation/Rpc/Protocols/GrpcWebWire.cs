using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Strata.Rpc.Protocols;

/// <summary>
/// gRPC-Web over any HTTP: as gRPC, with the trailers as a last envelope, because browsers do not show trailers; as base64 text where the
/// client asks for that.
/// </summary>
internal sealed class GrpcWebWire(HttpContext http, RpcLimits limits, bool isText)
    : GrpcWire(http, limits, isText ? PipeReader.Create(new Base64Stream(http.Request.Body)) : null)
{
    private const byte Trailers = 0x80;

    public override async ValueTask EndAsync(Status status, Metadata trailers)
    {
        Release();
        var text = new StringBuilder();
        foreach (var (name, value) in Last(status, trailers)) text.Append(name).Append(": ").Append(value).Append("\r\n");
        Write(Trailers, Encoding.ASCII.GetBytes(text.ToString()));
        await FlushAsync(CancellationToken.None);
    }

    /// <summary>Each envelope is encoded by itself, padding included; clients decode piece by piece.</summary>
    protected override void Write(byte flags, ReadOnlyMemory<byte> payload)
    {
        if (!isText)
        {
            base.Write(flags, payload);
            return;
        }
        var plain = new ArrayBufferWriter<byte>(payload.Length + Envelope.HeadBytes);
        WriteEnvelope(plain, flags, payload.Span);
        Http.Response.BodyWriter.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(plain.WrittenSpan)));
    }
}

/// <summary>
/// Decodes base64 as it comes, four characters at a time, so that pieces which were encoded (and padded) one by one are read as one.
/// </summary>
internal sealed class Base64Stream(Stream text) : Stream
{
    private readonly byte[] pending = new byte[4];
    private int count;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var source = ArrayPool<byte>.Shared.Rent(Math.Max(4, buffer.Length / 3 * 4));
        try
        {
            while (true)
            {
                var read = await text.ReadAsync(source.AsMemory(0, Math.Max(1, buffer.Length / 3 * 4 - 4)), cancellationToken);
                if (read == 0) return count == 0 ? 0 : throw CallErrors.Of(StatusCode.Internal, "The request ends within its base64.");
                if (Decode(source.AsSpan(0, read), buffer.Span) is > 0 and var written) return written;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(source);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Decode(ReadOnlySpan<byte> characters, Span<byte> target)
    {
        var written = 0;
        foreach (var character in characters)
        {
            if (character is (byte)'\r' or (byte)'\n') continue;
            pending[count++] = character;
            if (count < pending.Length) continue;
            count = 0;
            if (System.Buffers.Text.Base64.DecodeFromUtf8(pending, target[written..], out _, out var bytes) != OperationStatus.Done)
                throw CallErrors.Of(StatusCode.Internal, "The request is not base64.");
            written += bytes;
        }
        return written;
    }
}

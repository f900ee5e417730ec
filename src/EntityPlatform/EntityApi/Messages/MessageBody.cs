using System.Buffers;
using System.Text;
using Strata.Api.Http;
using Strata.Core;

namespace Strata.EntityApi.Messages;

/// <summary>
/// Splits a message's body as it arrives: {payload, metaData?} (meta-data as well). The payload's bytes go to a piece, which the caller
/// empties when it is full. Not for concurrent use.
/// </summary>
internal sealed class MessageBody(byte[] piece, int pieceBytesMax)
{
    public const int MetaDataBytesMax = 64 * 1024;

    private readonly JsonScanner scanner = new();
    private readonly ArrayBufferWriter<byte> metaData = new();
    private bool hasPayload;
    private string? metaName;

    /// <summary>Bytes of the payload that wait in the piece.</summary>
    public int Waiting { get; private set; }

    public bool IsFull => Waiting == pieceBytesMax;

    /// <summary>As it was sent; an empty object if it was not sent.</summary>
    public JsonText MetaData => metaData.WrittenCount == 0 ? JsonText.EmptyObject : new JsonText(metaData.WrittenMemory);

    /// <summary>Takes bytes until the piece is full or something is wrong; the value is how many.</summary>
    public Result<int> Take(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            if (IsFull) return i;
            var isOfValue = scanner.Read(bytes[i]);
            if ((scanner.Fault ?? (isOfValue ? Keep(bytes[i]) : null)) is { } fault) return fault;
        }
        return bytes.Length;
    }

    public void Empty() => Waiting = 0;

    /// <summary>Null where the whole body was right.</summary>
    public Error? Check()
    {
        if (!scanner.IsComplete)
            return new Error(
                ErrorKind.Invalid, "INVALID_JSON", "The body ends before its object does.", "Send one well-formed JSON object in UTF-8.");
        if (!hasPayload) return ApiErrors.BodyValue("payload", "a JSON value");
        return MetaData.Utf8.Span[0] == '{' ? null : ApiErrors.BodyValue("metaData", "an object");
    }

    private Error? Keep(byte b)
    {
        switch (scanner.Member)
        {
            case "payload":
                hasPayload = true;
                piece[Waiting++] = b;
                return null;
            case "metaData" or "meta-data":
                if ((metaName ??= scanner.Member) != scanner.Member)
                    return EntityApiErrors.BadRequest("metaData and meta-data are the same.", "Send one of them.");
                if (metaData.WrittenCount == MetaDataBytesMax)
                    return ApiErrors.BodyValue("metaData", $"an object of at most {MetaDataBytesMax} bytes");
                metaData.Write([b]);
                return null;
            default:
                return null;
        }
    }
}

using System.Buffers;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Strata.Rpc.Errors;

namespace Strata.Rpc.Protocols;

/// <summary>Codes and errors as the Connect protocol writes them.</summary>
internal static class ConnectText
{
    private static readonly Dictionary<StatusCode, (string Name, int Http)> Codes = new()
    {
        [StatusCode.Cancelled] = ("canceled", 499), [StatusCode.Unknown] = ("unknown", 500),
        [StatusCode.InvalidArgument] = ("invalid_argument", 400),
        [StatusCode.DeadlineExceeded] = ("deadline_exceeded", 504), [StatusCode.NotFound] = ("not_found", 404),
        [StatusCode.AlreadyExists] = ("already_exists", 409),
        [StatusCode.PermissionDenied] = ("permission_denied", 403), [StatusCode.ResourceExhausted] = ("resource_exhausted", 429),
        [StatusCode.FailedPrecondition] = ("failed_precondition", 400), [StatusCode.Aborted] = ("aborted", 409),
        [StatusCode.OutOfRange] = ("out_of_range", 400),
        [StatusCode.Unimplemented] = ("unimplemented", 501), [StatusCode.Internal] = ("internal", 500),
        [StatusCode.Unavailable] = ("unavailable", 503),
        [StatusCode.DataLoss] = ("data_loss", 500), [StatusCode.Unauthenticated] = ("unauthenticated", 401),
    };

    public static int HttpStatusOf(StatusCode code) => Codes[code].Http;

    /// <summary>As the whole body of a unary answer.</summary>
    public static byte[] Error(Status status, Metadata trailers) => Write(json => WriteError(json, status, trailers));

    /// <summary>As the last envelope of a stream.</summary>
    public static byte[] EndOfStream(Status status, Metadata trailers) => Write(json =>
    {
        json.WriteStartObject();
        if (status.StatusCode != StatusCode.OK)
        {
            json.WritePropertyName("error");
            WriteError(json, status, trailers);
        }
        json.WriteStartObject("metadata");
        foreach (var named in trailers.Where(t => t.Key != RpcStatus.DetailsTrailer).GroupBy(t => t.Key))
        {
            json.WriteStartArray(named.Key);
            foreach (var entry in named) json.WriteStringValue(RpcHeaders.ValueOf(entry));
            json.WriteEndArray();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) write(json);
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteError(Utf8JsonWriter json, Status status, Metadata trailers)
    {
        json.WriteStartObject();
        json.WriteString("code", Codes[status.StatusCode].Name);
        if (status.Detail is { Length: > 0 } message) json.WriteString("message", message);
        if (trailers.GetValueBytes(RpcStatus.DetailsTrailer) is { } details) WriteDetails(json, details);
        json.WriteEndObject();
    }

    private static void WriteDetails(Utf8JsonWriter json, byte[] details)
    {
        json.WriteStartArray("details");
        foreach (var detail in Google.Rpc.Status.Parser.ParseFrom(details).Details)
        {
            json.WriteStartObject();
            json.WriteString("type", detail.TypeUrl[(detail.TypeUrl.LastIndexOf('/') + 1)..]);
            json.WriteString("value", detail.Value.ToBase64().TrimEnd('='));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}

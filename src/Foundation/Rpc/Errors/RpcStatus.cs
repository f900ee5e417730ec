using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Strata.Core;
using RpcDetails = Google.Rpc.Status;
using Status = Grpc.Core.Status;

namespace Strata.Rpc.Errors;

/// <summary>
/// Errors in RPC, in both directions: the status code by the kind of error, the plain sentence as its message, and code, next step and
/// faults as details (<c>google.rpc.Status</c> with ErrorInfo and BadRequest), so that a client has all that problem details have.
/// </summary>
public static class RpcStatus
{
    /// <summary>The trailer that holds the details in gRPC.</summary>
    public const string DetailsTrailer = "grpc-status-details-bin";

    private const string Domain = "strata";
    private const string Next = "next";
    private const string Retryable = "retryable";

    public static StatusCode CodeOf(ErrorKind kind) => kind switch
    {
        ErrorKind.Invalid or ErrorKind.UnsupportedMedia or ErrorKind.Unprocessable => StatusCode.InvalidArgument,
        ErrorKind.Unauthenticated => StatusCode.Unauthenticated,
        ErrorKind.Forbidden => StatusCode.PermissionDenied,
        ErrorKind.NotFound or ErrorKind.Gone => StatusCode.NotFound,
        ErrorKind.Conflict => StatusCode.Aborted,
        ErrorKind.PreconditionFailed or ErrorKind.PreconditionRequired => StatusCode.FailedPrecondition,
        ErrorKind.TooLarge or ErrorKind.TooMany => StatusCode.ResourceExhausted,
        ErrorKind.NotSupported => StatusCode.Unimplemented,
        ErrorKind.Unavailable => StatusCode.Unavailable,
        ErrorKind.Timeout or ErrorKind.RequestTimeout => StatusCode.DeadlineExceeded,
        _ => StatusCode.Internal,
    };

    public static ErrorKind KindOf(StatusCode code) => code switch
    {
        StatusCode.InvalidArgument or StatusCode.OutOfRange => ErrorKind.Invalid,
        StatusCode.Unauthenticated => ErrorKind.Unauthenticated,
        StatusCode.PermissionDenied => ErrorKind.Forbidden,
        StatusCode.NotFound => ErrorKind.NotFound,
        StatusCode.Aborted or StatusCode.AlreadyExists => ErrorKind.Conflict,
        StatusCode.FailedPrecondition => ErrorKind.PreconditionFailed,
        StatusCode.ResourceExhausted => ErrorKind.TooMany,
        StatusCode.Unimplemented => ErrorKind.NotSupported,
        StatusCode.Unavailable => ErrorKind.Unavailable,
        StatusCode.DeadlineExceeded => ErrorKind.Timeout,
        _ => ErrorKind.Internal,
    };

    public static RpcException ToRpcException(this Error error)
    {
        var trailers = new Metadata { { DetailsTrailer, DetailsOf(error).ToByteArray() } };
        return new RpcException(new Status(CodeOf(error.Kind), error.Message), trailers);
    }

    /// <summary>The error behind the status that a client received; one that did not come from Strata has the status as its code.</summary>
    public static Error ToError(this RpcException exception)
    {
        var kind = KindOf(exception.StatusCode);
        if (exception.Trailers.GetValueBytes(DetailsTrailer) is not { } bytes || InfoOf(bytes) is not { } info)
            return new Error(kind, exception.StatusCode.ToString().ToUpperInvariant(), exception.Status.Detail);
        return new Error(kind, info.Reason, exception.Status.Detail,
            info.Metadata.GetValueOrDefault(Next)) { Retryable = info.Metadata.ContainsKey(Retryable) };
    }

    private static RpcDetails DetailsOf(Error error)
    {
        var info = new ErrorInfo { Reason = error.Code, Domain = Domain };
        if (error.NextStep is { } next) info.Metadata[Next] = next;
        if (error.Retryable) info.Metadata[Retryable] = "true";
        foreach (var (name, value) in error.Details ?? new Dictionary<string, string>()) info.Metadata[name] = value;
        var details = new RpcDetails { Code = (int)CodeOf(error.Kind), Message = error.Message, Details = { Any.Pack(info) } };
        if (error.Faults is { Count: > 0 } faults)
            details.Details.Add(
                Any.Pack(
                    new BadRequest { FieldViolations =
                        { faults.Select(f => new BadRequest.Types.FieldViolation { Field = f.Field, Description = f.Message }) } }));
        return details;
    }

    private static ErrorInfo? InfoOf(byte[] details)
    {
        try
        {
            return RpcDetails.Parser.ParseFrom(details).Details.FirstOrDefault(d => d.Is(ErrorInfo.Descriptor))?.Unpack<ErrorInfo>();
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}

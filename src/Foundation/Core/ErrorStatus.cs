namespace Strata.Core;

/// <summary>The one table between kinds of errors and HTTP status codes, used by the server one way and by clients the other.</summary>
public static class ErrorStatus
{
    public static int Of(ErrorKind kind) => kind switch
    {
        ErrorKind.Invalid => 400,
        ErrorKind.Unauthenticated => 401,
        ErrorKind.Forbidden => 403,
        ErrorKind.NotFound => 404,
        ErrorKind.Conflict => 409,
        ErrorKind.Gone => 410,
        ErrorKind.PreconditionFailed => 412,
        ErrorKind.TooLarge => 413,
        ErrorKind.UnsupportedMedia => 415,
        ErrorKind.Unprocessable => 422,
        ErrorKind.PreconditionRequired => 428,
        ErrorKind.TooMany => 429,
        ErrorKind.NotSupported => 501,
        ErrorKind.Unavailable => 503,
        ErrorKind.Timeout => 504,
        ErrorKind.RequestTimeout => 408,
        ErrorKind.InsufficientStorage => 507,
        _ => 500,
    };

    /// <summary>
    /// The kind of error that a status means; one that is not in the table counts as its class: 4xx as invalid, all else as internal.
    /// </summary>
    public static ErrorKind KindOf(int status) => status switch
    {
        401 => ErrorKind.Unauthenticated,
        403 => ErrorKind.Forbidden,
        404 => ErrorKind.NotFound,
        408 => ErrorKind.RequestTimeout,
        504 => ErrorKind.Timeout,
        409 => ErrorKind.Conflict,
        410 => ErrorKind.Gone,
        412 => ErrorKind.PreconditionFailed,
        413 => ErrorKind.TooLarge,
        415 => ErrorKind.UnsupportedMedia,
        422 => ErrorKind.Unprocessable,
        428 => ErrorKind.PreconditionRequired,
        429 => ErrorKind.TooMany,
        501 => ErrorKind.NotSupported,
        507 => ErrorKind.InsufficientStorage,
        502 or 503 => ErrorKind.Unavailable,
        >= 400 and < 500 => ErrorKind.Invalid,
        _ => ErrorKind.Internal,
    };
}

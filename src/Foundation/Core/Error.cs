namespace Strata.Core;

/// <summary>
/// What sort of failure an error is. Each maps to one HTTP status and one RPC status, in one table (<see cref="ErrorStatus"/>).
/// </summary>
public enum ErrorKind
{
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    PreconditionFailed,
    PreconditionRequired,
    Gone,
    TooLarge,
    UnsupportedMedia,
    Unprocessable,
    TooMany,
    NotSupported,
    Unavailable,
    Timeout,
    RequestTimeout,
    InsufficientStorage,
    Internal,
}

/// <summary>An expected failure, reported to a user.</summary>
/// <param name="Kind">Decides the status code.</param>
/// <param name="Code">Stable, UPPER_SNAKE_CASE; programs decide by it.</param>
/// <param name="Message">One plain sentence: what went wrong and why.</param>
/// <param name="NextStep">What to do about it, as a sentence or a command; null where the message says it all.</param>
public sealed record Error(ErrorKind Kind, string Code, string Message, string? NextStep = null)
{
    /// <summary>Single facts for programs, for example <c>{"limit": "10485760"}</c>; null without any.</summary>
    public IReadOnlyDictionary<string, string>? Details { get; init; }

    /// <summary>
    /// Facts for programs that are several values, for example <c>{"expectedType": ["INTEGER", "STRING"]}</c>; null without any.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Lists { get; init; }

    /// <summary>Every fault of an input that was checked whole; null where the message says it all.</summary>
    public IReadOnlyList<ValidationError>? Faults { get; init; }

    /// <summary>Id of the request that failed, as the server's log has it; null before an answer came.</summary>
    public string? RequestId { get; init; }

    /// <summary>Whether the same request may succeed if it is sent again unchanged.</summary>
    public bool Retryable { get; init; }

    public StrataException ToException() => new(this);

    public override string ToString() => NextStep is null ? $"{Code}: {Message}" : $"{Code}: {Message} {NextStep}";
}

/// <summary>One fault of an input.</summary>
/// <param name="Field">Path in camelCase, for example <c>run.port</c>.</param>
/// <param name="Message">One sentence.</param>
public sealed record ValidationError(string Field, string Message);

/// <summary>Carries an <see cref="Error"/> where a value cannot: out of a stream, a callback, a constructor.</summary>
public sealed class StrataException(Error error, Exception? inner = null) : Exception(error.ToString(), inner)
{
    public Error Error { get; } = error;
}

using System.Diagnostics.CodeAnalysis;

namespace Strata.Core;

/// <summary>
/// Either a value or an <see cref="Error"/>. Expected outcomes are values; exceptions are for misuse and the unforeseen.
/// The default instance is neither and must not be used.
/// </summary>
public readonly struct Result<T>
{
    private readonly T? value;

    private Result(T? value, Error? error) => (this.value, Error) = (value, error);

    public Error? Error { get; }

    [MemberNotNullWhen(false, nameof(Error))]
    public bool IsOk => Error is null;

    /// <summary>The value; throws <see cref="StrataException"/> with the error after a failure.</summary>
    public T Value => Error is null ? value! : throw Error.ToException();

    internal static Result<T> Ok(T value) => new(value, null);

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Error error) => new(default, error);

    public bool TryGet([MaybeNullWhen(false)] out T result, [NotNullWhen(false)] out Error? error)
    {
        (result, error) = (value, Error);
        return error is null;
    }

    public Result<TNext> Then<TNext>(Func<T, Result<TNext>> next) => Error is null ? next(value!) : Error;
}

public static class Result
{
    /// <summary>A value whose type is an interface, which C# does not convert by itself.</summary>
    public static Result<T> Of<T>(T value) => Result<T>.Ok(value);
}

/// <summary>The value of a <see cref="Result{T}"/> that has nothing to say but that it went well.</summary>
public readonly record struct Done;

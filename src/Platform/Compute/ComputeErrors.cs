using System.Globalization;
using Strata.Core;

namespace Strata.Compute;

/// <summary>The catalogue of this module's errors; codes are the entity API's.</summary>
internal static class ComputeErrors
{
    public const string BusyCode = "SERVER_BUSY";
    public const string DisconnectedCode = "COMPUTE_MEMBER_DISCONNECTED";

    public static readonly Error TooManyMembers = new(
        ErrorKind.Unavailable, BusyCode, "Your organization has as many compute members here as it may.",
        "Disconnect some, or connect to another server.") { Retryable = true };

    public static Error TooManyWatchers(int max) => new(
        ErrorKind.Unavailable, BusyCode, $"Your organization watches its calls {max} times here already.",
        "End one of the watches.") { Retryable = true };

    public static Error Busy(string name, TimeSpan waited) => new(
        ErrorKind.Unavailable, BusyCode,
        string.Create(CultureInfo.InvariantCulture,
            $"Every compute member that serves \"{name.Shortened(500)}\" is busy, and was for {waited.TotalSeconds:0.#} s."),
        "Try again later, or connect more members.") { Retryable = true };

    public static Error Disconnected(string name, int tries) => new(
        ErrorKind.Unavailable, DisconnectedCode,
        tries == 1
            ? $"The compute member called for \"{name.Shortened(500)}\" disconnected before it answered."
            : $"{tries} compute members in a row were lost while they worked on \"{name.Shortened(500)}\".",
        "Try again.") { Retryable = true };

    public static Error Failed(string name, string message, string? code, bool retryable)
    {
        var error = new Error(
            ErrorKind.Invalid, "WORKFLOW_FAILED", $"\"{name.Shortened(500)}\" failed: {message.Shortened(500)}") { Retryable = retryable };
        return code is null ? error : error with { Details = new Dictionary<string, string> { ["memberErrorCode"] = code.Shortened(500) } };
    }

    public static Error NoSchedule(string name, string what) => new(
        ErrorKind.Invalid, "SCHEDULE_FUNCTION_INVALID_RESULT", $"\"{name.Shortened(500)}\" did not say when: {what}",
        "It answers with resultKind Schedule and a result with fireAt or fireAfterMs, and at will expireAt or expireAfterMs.");

    public static Error Tags(int max, int characters) =>
        new(ErrorKind.Invalid, "BAD_REQUEST", $"A member has at most {max} tags, each of 1 to {characters} characters.");
}

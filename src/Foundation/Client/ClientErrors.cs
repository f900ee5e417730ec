using Strata.Core;

namespace Strata.Client;

/// <summary>What can go wrong before a server's answer is there. What the server says comes through as it is.</summary>
public static class ClientErrors
{
    public const string ServerUnreachable = "SERVER_UNREACHABLE";
    public const string ServerTimeout = "SERVER_TIMEOUT";
    public const string ConnectionLost = "CONNECTION_LOST";
    public const string UnexpectedAnswer = "UNEXPECTED_ANSWER";
    public const string AnswerTooLarge = "ANSWER_TOO_LARGE";

    /// <summary>Next step of a lost connection where nothing more is known.</summary>
    public const string LostNextStep = "Try again; \"strata status\" shows whether the server runs.";

    internal static Error Unreachable(Uri address, string reason) => new(
        ErrorKind.Unavailable, ServerUnreachable, $"No Strata server answers at {Shown(address)}: {reason}.",
        "See what runs with \"strata status\"; start it with \"strata up\".") { Retryable = true };

    internal static Error Lost(Uri address) => new(
        ErrorKind.Unavailable, ConnectionLost, $"The connection to the Strata server at {Shown(address)} was lost.",
        LostNextStep) { Retryable = true };

    internal static Error FeedEnded(Uri address) => new(
        ErrorKind.Unavailable, ConnectionLost, $"The Strata server at {Shown(address)} ended the feed.",
        "Go on from the position of the last line that was handled.") { Retryable = true };

    /// <summary>Whether a stream that failed so may be opened again.</summary>
    internal static bool MayPass(Error error) =>
        error.Retryable || error.Kind is ErrorKind.Internal or ErrorKind.Unavailable or ErrorKind.Timeout or ErrorKind.RequestTimeout;

    internal static Error Timeout(Uri address, TimeSpan after) => new(
        ErrorKind.Timeout, ServerTimeout, $"The Strata server at {Shown(address)} did not answer within {after.TotalSeconds:0.#} seconds.",
        "Try again; \"strata doctor\" looks for the cause.") { Retryable = true };

    internal static Error TooLarge(Uri address) => new(
        ErrorKind.TooLarge, AnswerTooLarge, $"{Shown(address)} sent more than this client takes in one piece.",
        "Ask for less, for example with --limit, and check the address.");

    internal static Error Unexpected(Uri address, string what) => new(
        ErrorKind.Internal, UnexpectedAnswer, $"{Shown(address)} sent an answer that is not Strata's: {what}",
        "Check the address, and that client and server are of the same version.");

    internal static Error InvalidContext(string path) => new(
        ErrorKind.Invalid, "CONTEXT_INVALID", $"{path} is not a valid context file.", "Move it away, and sign in again: strata login URL.");

    internal static Error UnreadableContext(string path) => new(
        ErrorKind.Invalid, "CONTEXT_UNREADABLE", $"{path} cannot be read.", "Set STRATA_URL and STRATA_TOKEN, or STRATA_HOME.");

    internal static Error InvalidAddress(string text) => new(
        ErrorKind.Invalid, "ADDRESS_INVALID", $"\"{text}\" is not the address of a server.",
        "Use one that begins with http:// or https://, such as http://127.0.0.1:8080.");

    /// <summary>A compute member's answer to a call that it does not take.</summary>
    internal static Error MemberBusy(int calls) => new(
        ErrorKind.Unavailable, "MEMBER_BUSY", $"The compute member works on {calls} calls already, and as many wait.",
        "Try again, start more members, or raise ConcurrentCallsMax.") { Retryable = true };

    private static string Shown(Uri address) => address.GetLeftPart(UriPartial.Authority);
}

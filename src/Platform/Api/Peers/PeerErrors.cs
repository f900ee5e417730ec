using Strata.Core;

namespace Strata.Api.Peers;

/// <summary>The catalogue of errors of calls between the servers of one cloud.</summary>
public static class PeerErrors
{
    public const string UnavailableCode = "PEER_UNAVAILABLE";

    /// <summary>The detail that is "false" where it is certain that the other server did nothing of the request.</summary>
    private const string Sent = "sent";

    /// <summary>The detail that holds the code with which the other server refused the request.</summary>
    private const string Reason = "reason";

    /// <summary>The request may have reached it, or not.</summary>
    public static readonly Error Unavailable = new(
        ErrorKind.Unavailable, UnavailableCode, "The request needs another server of this cloud, which does not answer.",
        "Try again; an operator sees with \"strata get servers\" which servers are up.") { Retryable = true };

    /// <summary>It has surely not reached it.</summary>
    internal static readonly Error Unreached = Unavailable with { Details = new Dictionary<string, string> { [Sent] = "false" } };

    internal static readonly Error PeersOnly = new(
        ErrorKind.Forbidden, "FORBIDDEN", "This endpoint is only for the other servers of this cloud.",
        "/docs lists the endpoints you may call.");

    internal static readonly Error Replays = new(
        ErrorKind.Unavailable, "PEER_BUSY", "Other servers sent this server more requests within a minute than it can track.",
        "Try again in a minute.")
    { Retryable = true };

    /// <summary>The other server refused to take it, for a reason that is no business of the user's: it did nothing of it.</summary>
    /// <param name="code">Of the other server's own error.</param>
    internal static Error Refused(string code) => Unavailable with
    {
        Message = "The request needs another server of this cloud, which does not take it at the moment.",
        Details = new Dictionary<string, string> { [Sent] = "false", [Reason] = code },
    };

    /// <summary>The code with which the other server refused the request; null: it did not.</summary>
    internal static string? ReasonOf(Error? error) =>
        error?.Code == UnavailableCode ? error.Details?.GetValueOrDefault(Reason) : null;

    /// <summary>Whether it is certain that the other server did nothing of the request.</summary>
    public static bool WasNotSent(Error error) =>
        error.Code == UnavailableCode && error.Details?.GetValueOrDefault(Sent) == "false";
}

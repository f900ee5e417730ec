using Strata.Core;

namespace Strata.Api.Peers;

/// <summary>The catalogue of errors of calls between the servers of one cloud.</summary>
public static class PeerErrors
{
    public const string UnavailableCode = "PEER_UNAVAILABLE";

    /// <summary>The request may have reached it, or not.</summary>
    public static readonly Error Unavailable = new(
        ErrorKind.Unavailable, UnavailableCode, "The request needs another server of this cloud, which does not answer.",
        "Try again; an operator sees with \"strata get servers\" which servers are up.") { Retryable = true };

    /// <summary>It has surely not reached it.</summary>
    internal static readonly Error Unreached = Unavailable with { Details = new Dictionary<string, string> { ["sent"] = "false" } };

    internal static readonly Error PeersOnly = new(
        ErrorKind.Forbidden, "FORBIDDEN", "This endpoint is for the other servers of this cloud only.", "/docs lists what you may call.");

    internal static readonly Error Replays = new(
        ErrorKind.Unavailable, "PEER_BUSY", "This server got more requests of other servers within a minute than it can tell apart.",
        "Try again in a minute.")
    { Retryable = true };

    /// <summary>Whether it is certain that the other server did not get the request.</summary>
    public static bool WasNotSent(Error error) => ReferenceEquals(error, Unreached);
}

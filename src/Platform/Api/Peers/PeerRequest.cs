using Strata.Api.Auth;

namespace Strata.Api.Peers;

/// <summary>A request to another server.</summary>
/// <param name="Path">With its query, escaped.</param>
/// <param name="Principal">In whose name.</param>
/// <param name="Headers">Without an authorization. Several of one name are sent as several values.</param>
internal sealed record PeerRequest(
    string Method, string Path, Principal Principal, HttpContent? Content, IEnumerable<KeyValuePair<string, string>> Headers)
{
    /// <summary>This server keeps asking whether the principal's token is valid, and cancels when it is not.</summary>
    public bool KeepsChecking { get; init; }
}

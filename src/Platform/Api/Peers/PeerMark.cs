using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Strata.Core;
using Strata.Core.Sharing;

namespace Strata.Api.Peers;

/// <summary>
/// Separates an answer to the user's request from an answer about the hop. Each answer to a request with a peer token carries a mark: the
/// request was accepted, and this is its answer; or it was refused before anything was done; or its transport failed. Whatever has no mark
/// does not come from a server of this cloud. Marks are set here only, and never reach a user: a user with a valid token must not
/// see that another server refused this server's token.
/// </summary>
internal static class PeerMark
{
    public const string Header = "Strata-Peer";

    private const string Accepted = "accepted";
    private const string Failed = "failed";
    private const string Refused = "refused ";

    /// <summary>From here on the server that passes the request on bounds how slowly its body may come.</summary>
    public static void Accept(HttpContext http)
    {
        http.Response.Headers[Header] = Accepted;
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }

    public static void Refuse(HttpContext http, Error error) => http.Response.Headers[Header] = Refused + error.Code;

    /// <summary>Its body did not come as it should, for example; something may have been done.</summary>
    public static void Fail(HttpContext http)
    {
        if (!http.Response.HasStarted) http.Response.Headers[Header] = Failed;
    }

    /// <summary>The answer, if it is one to the request; PEER_UNAVAILABLE otherwise, and both are disposed.</summary>
    public static Result<PeerAnswer> AnswerOf(HttpResponseMessage response, ShareLease? place, PeerBodies bodies)
    {
        var mark = response.Headers.TryGetValues(Header, out var values) ? string.Concat(values) : "";
        if (mark == Accepted) return new PeerAnswer(response, place, bodies);
        response.Dispose();
        place?.Dispose();
        return mark.StartsWith(Refused, StringComparison.Ordinal) ? PeerErrors.Refused(mark[Refused.Length..]) : PeerErrors.Unavailable;
    }
}

using Microsoft.AspNetCore.WebUtilities;
using Strata.Contracts;
using Strata.Identity.Clients;
using Strata.Identity.OAuth;
using Strata.Identity.Visits;

namespace Strata.Identity.Pages;

/// <summary>
/// Where forms lead in the end: browsers hold each redirect that follows a form against the policy (form-action) of the page with it, so
/// the page has to name the program, or the host, to which its person returns. Safe for concurrent use.
/// </summary>
internal sealed class FormTargets(OAuthClients clients, VisitRules? visits = null)
{
    private const string Visit = VisitPaths.Page + "?";
    private const string Authorize = "/" + OAuthServer.AuthorizeUri + "?";

    /// <summary>As a policy names it: an origin, or the scheme of a program on the person's own machine.</summary>
    /// <param name="redirectUri">One that a program has registered.</param>
    public static string Of(string redirectUri)
    {
        var target = new Uri(redirectUri);
        return target.Scheme is "http" or "https" ? target.GetLeftPart(UriPartial.Authority) : target.Scheme + ":";
    }

    /// <summary>Null: the path leads to no program and no host, or not to an address that is theirs.</summary>
    /// <param name="path">Where the form leads first; of this server.</param>
    public async ValueTask<string?> BehindAsync(string path, CancellationToken cancellationToken)
    {
        if (visits is not null && path.StartsWith(Visit, StringComparison.Ordinal))
        {
            var visit = QueryHelpers.ParseQuery(path[Visit.Length..]);
            return await visits.FindAsync(visit.GetValueOrDefault("resource"), cancellationToken) is { } resource
                && visits.BackTo(resource, visit.GetValueOrDefault("back")) is { } back ? back.GetLeftPart(UriPartial.Authority) : null;
        }
        if (!path.StartsWith(Authorize, StringComparison.Ordinal)) return null;
        var query = QueryHelpers.ParseQuery(path[Authorize.Length..]);
        if (query.GetValueOrDefault("client_id") is not [{ } id] || query.GetValueOrDefault("redirect_uri") is not [{ } uri]) return null;
        return await clients.FindAsync(id, cancellationToken) is var (_, client) && ClientKind.AllowsRedirect(client.Spec, uri)
            ? Of(uri) : null;
    }
}

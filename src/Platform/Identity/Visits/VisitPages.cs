using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Identity.Pages;

namespace Strata.Identity.Visits;

/// <summary>
/// /visit: where an edge sends a visitor of a host that wants people signed in. Sends them back with a code where they are, and may.
/// </summary>
internal sealed class VisitPages(PageEndpoints pages, VisitRules rules, VisitTexts texts)
{
    private const int StateLength = 64;

    public void Map(IEndpointRouteBuilder routes) => pages.MapGet(routes, VisitPaths.Page, ShowAsync);

    private async Task ShowAsync(HttpContext http)
    {
        var query = http.Request.Query;
        var resource = await rules.FindAsync(query["resource"], http.RequestAborted);
        if (resource is null || rules.BackTo(resource, query["back"]) is not { } back
            || query["state"] is not [{ Length: StateLength } state] || !state.All(char.IsAsciiHexDigit))
        {
            await pages.MessageAsync(
                http, 404, "There is nothing to sign in for", "What sent you here is not served by this cloud any more, or at a port "
                    + "that its edges do not have, or without HTTPS at a public name.");
            return;
        }
        if (await pages.Browser.FindAsync(http) is not { } signedIn) PageEndpoints.AskToSignIn(http);
        else if (await rules.RefuseAsync(signedIn, resource, http.RequestAborted) is { } refused)
        {
            if (refused.Kind == ErrorKind.Unavailable) throw refused.ToException();
            var isSecondMissing = refused.Code == ApiErrors.TwoFactorRequired.Code;
            var (title, message) = isSecondMissing
                ? ("This organization requires two-factor authentication", PageText.SecondFactorNeeded)
                : ($"You may not visit {resource.Host}", $"You are signed in as {signedIn.Person.Spec.Email}. Ask an administrator of the "
                    + "organization that runs it for a role there, or sign in with another account.");
            await pages.MessageAsync(http, 403, title, message);
        }
        else
        {
            var code = texts.MakeCode(new Visit(signedIn.Person.Id, signedIn.Session.Id, resource.Name), state.ToLowerInvariant());
            PageRenderer.Redirect(http, QueryHelpers.AddQueryString(
                back.GetLeftPart(UriPartial.Authority) + VisitPaths.Callback, new Dictionary<string, string?>
                {
                    ["code"] = code, ["to"] = back.PathAndQuery,
                }));
        }
    }
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Identity.Clients;
using Strata.Identity.OAuth;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using ClientResource = Strata.Core.Resource<Strata.Contracts.ClientSpec, Strata.Contracts.ClientStatus>;

namespace Strata.Identity.Pages;

/// <summary>
/// /api/oauth/logout: a program signs a person out (OpenID Connect RP-Initiated Logout 1.0). With an ID token of the sign-in the program's
/// session ends at once; without one the person is asked, because any site can send a browser here. The browser's own session ends only
/// when the person says so. The browser is not sent to an address that the program did not register, nor, without an ID token, before the
/// person chose to go.
/// </summary>
internal sealed class LogoutPages(PageEndpoints pages, OAuthClients clients, PersonTokens tokens, SessionStore sessions)
{
    private const string Path = "/" + OAuthServer.LogoutUri;
    private const string OfProgram = "program";
    private const string Everything = "everything";
    private const int StateLengthMax = 2000;
    private static readonly string[] Kept = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(
            routes, Path, http => ServeAsync(http, name => http.Request.Query[name] is [{ Length: > 0 } text] ? text : null, null));
        // Programs may send their request as a form too: then nothing in it is an answer of the person.
        pages.MapAnyPost(routes, Path, (http, form) => ServeAsync(http, form.Text, form.IsOurs ? form.Text("answer") : null));
    }

    private async Task ServeAsync(HttpContext http, Func<string, string?> sent, string? answer)
    {
        var hint = await tokens.ReadIdTokenAsync(sent("id_token_hint"), http.RequestAborted);
        var named = sent("client_id");
        var program = await clients.FindAsync(named ?? hint?.Client, http.RequestAborted) is var (_, resource) ? resource : null;
        if (program is null && named is not null)
            await RefuseAsync(http, "There is no such program, or people cannot sign in to it.");
        else if (hint is not null && named is not null && hint.Client != named)
            await RefuseAsync(http, "The ID token was not made for this program.");
        else if (sent("post_logout_redirect_uri") is { } uri
            && (program is null || !ClientKind.AllowsPostLogoutRedirect(program.Spec, uri)))
            await RefuseAsync(http, "The program did not register the address (post_logout_redirect_uri) to which it wants people sent.");
        else
        {
            var request = new LogoutRequest(hint, named ?? hint?.Client, program, TargetOf(sent))
            {
                Fields = [.. Kept.Where(n => sent(n) is not null).Select(n => (n, sent(n)!))],
            };
            await SignOutAsync(http, request, answer);
        }
    }

    private async Task SignOutAsync(HttpContext http, LogoutRequest request, string? answer)
    {
        var browser = await pages.Browser.FindAsync(http);
        if (request.Hint is { } hint) await EndAsync(hint, http.RequestAborted);
        if (browser is not null && answer is OfProgram or Everything)
        {
            if (request.Client is { } client) await EndAsync(browser!, client, http.RequestAborted);
            if (answer == Everything)
            {
                var ended = await sessions.EndAsync(PersonStore.CallerOf(browser!.Person), browser.Session.Id, http.RequestAborted);
                if (!ended.IsOk) throw ended.Error.ToException();
                pages.Browser.Forget(http);
            }
            await LeaveAsync(http, request);
        }
        else if (browser is not null) await AskAsync(http, request, browser);
        else if (request.Hint is not null || answer is not null) await LeaveAsync(http, request);
        else await ShowAsync(http, request, ("IsOver", true));
    }

    /// <summary>The session that the ID token was made in, and no other.</summary>
    private async ValueTask EndAsync(IdTokenHint hint, CancellationToken cancellationToken)
    {
        if (!SessionKind.Kind.TryParseId(hint.Session, out var id) || await sessions.FindAsync(id, cancellationToken) is not { } session
            || session.Spec.Client != hint.Client || session.Spec.Person != hint.Person) return;
        var ended = await sessions.EndAsync(new Caller(TenantId.Platform, "client:" + hint.Client), session.Id, cancellationToken);
        if (!ended.IsOk) throw ended.Error.ToException();
    }

    /// <summary>Those of the program that were allowed in this browser: their sign-in is the browser's.</summary>
    private async ValueTask EndAsync(SignedIn browser, string client, CancellationToken cancellationToken)
    {
        foreach (var session in await sessions.OfAsync(browser.Person, cancellationToken))
        {
            if (session.Spec.Client != client || (session.Spec.Browser ?? browser.Session.Id) != browser.Session.Id) continue;
            var ended = await sessions.EndAsync(PersonStore.CallerOf(browser.Person), session.Id, cancellationToken);
            if (!ended.IsOk) throw ended.Error.ToException();
        }
    }

    /// <summary>With an ID token of someone else the question is the same as without one (2).</summary>
    private Task AskAsync(HttpContext http, LogoutRequest request, SignedIn browser) => ShowAsync(
        http, request, ("SignedInAs", browser.Person.Spec.Email), ("IsProgramOut", request.Hint?.Person == browser.Person.Id));

    private Task ShowAsync(HttpContext http, LogoutRequest request, params (string, object?)[] more)
    {
        (string, object?)[] parameters =
        [
            ("Program", request.Program is { } program ? program.Spec.DisplayName ?? program.Name : null), ("Fields", request.Fields),
            ("Target", request.Target is { } uri ? FormTargets.Of(uri) : null), .. more,
        ];
        return request.Target is { } target ? pages.SendToAsync<LogoutPage>(http, FormTargets.Of(target), parameters)
            : pages.SendAsync<LogoutPage>(http, 200, parameters);
    }

    private async Task LeaveAsync(HttpContext http, LogoutRequest request)
    {
        if (request.Target is { } target) PageRenderer.Redirect(http, target);
        else await pages.MessageAsync(http, 200, "You are signed out", "You can close this page.");
    }

    private Task RefuseAsync(HttpContext http, string why) => pages.MessageAsync(http, 400, "This program cannot sign you out", why);

    private static string? TargetOf(Func<string, string?> sent)
    {
        if (sent("post_logout_redirect_uri") is not { } uri) return null;
        return sent("state") is { Length: <= StateLengthMax } state ? QueryHelpers.AddQueryString(uri, "state", state) : uri;
    }

    /// <param name="Client">Its id; null: none is known.</param>
    /// <param name="Target">Where the person goes in the end, which the program registered; null: they stay here.</param>
    private sealed record LogoutRequest(IdTokenHint? Hint, string? Client, ClientResource? Program, string? Target)
    {
        /// <summary>The request, which the form repeats.</summary>
        public required IReadOnlyList<(string Name, string Value)> Fields { get; init; }
    }
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Identity.Pages;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;

namespace Strata.Identity.StepUp;

/// <summary>/step-up: where a person who is asked by a program of theirs shows that it is they.</summary>
internal sealed class StepUpPages(
    PageEndpoints pages, FreshPages fresh, StepUpRequests requests, SessionStore sessions, SessionAuthenticator authenticator,
    TimeProvider time)
{
    private const string Path = "/step-up";
    private const int WrongMax = 10;

    /// <summary>What was shown a moment ago counts: it is for this that they were asked.</summary>
    private static readonly TimeSpan AgeMax = TimeSpan.FromMinutes(2);

    /// <summary>Wrong codes of one person.</summary>
    private readonly GuessLimit guesses = new(WrongMax, TimeSpan.FromMinutes(5), time);

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, Path, async http =>
        {
            if (await pages.Browser.FindAsync(http) is not { } signedIn) PageEndpoints.AskToSignIn(http);
            else if (await FindAsync(http, signedIn, http.Request.Query["code"]) is var (request, session))
                await pages.SendAsync<ConfirmProgramPage>(
                    http, 200, ("Code", http.Request.Query["code"].ToString().ToUpperInvariant()),
                    ("Program", PageText.ProgramOf(session.Spec)),
                    ("Age", PageText.Age(time.GetUtcNow() - request.CreatedAt)), ("Address", request.Address));
        });
        fresh.MapPost(routes, Path, ConfirmAsync, AgeMax);
    }

    private async Task ConfirmAsync(HttpContext http, PageForm form, SignedIn signedIn)
    {
        if (await FindAsync(http, signedIn, form.Text("code")) is not var (_, session)) return;
        var at = SessionStore.AuthenticatedAt(signedIn.Session);
        await requests.RemoveAsync(form.Text("code")!, http.RequestAborted);
        var noted = await sessions.AuthenticatedAsync(signedIn.Person, session, at, http.RequestAborted);
        if (!noted.TryGet(out var changed, out var error)) throw error.ToException();
        authenticator.Forget(changed);
        await pages.MessageAsync(http, 200, "Done", "The program goes on now. You can close this page.");
    }

    /// <returns>Null: the answer is sent.</returns>
    private async ValueTask<(StepUpRequest, Core.Resource<Contracts.SessionSpec, Contracts.SessionStatus>)?> FindAsync(
        HttpContext http, SignedIn signedIn, string? code)
    {
        if (guesses.IsOver(signedIn.Person.Id))
        {
            await pages.MessageAsync(http, 429, "Too many wrong codes", "Wait a few minutes.");
            return null;
        }
        if (await requests.FindAsync(code, http.RequestAborted) is { } request && request.Person == signedIn.Person.Id
            && await sessions.FindAsync(SessionKind.Kind.EntityOf(request.Session), http.RequestAborted) is { } session)
            return (request, session);
        guesses.Failed(signedIn.Person.Id);
        await pages.MessageAsync(
            http, 404, "Nothing waits with this code",
            "It has been used, is older than ten minutes, or belongs to another account than the one "
                + $"that is signed in here ({signedIn.Person.Spec.Email}).");
        return null;
    }
}

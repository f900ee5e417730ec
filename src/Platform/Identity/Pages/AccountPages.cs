using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Core;
using Strata.Identity.Memberships;
using Strata.Identity.OAuth;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;

namespace Strata.Identity.Pages;

/// <summary>/account: a person's organizations, sessions and password.</summary>
internal sealed class AccountPages(
    PageEndpoints pages, PasswordSignIn passwords, PersonStore people, SessionStore sessions, MembershipStore memberships,
    OAuthClients clients, TimeProvider time)
{
    private const string PasswordChanged = "Your password is changed, and you are signed out everywhere else.";

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, "/account", async http =>
        {
            var notice = http.Request.Query["changed"] == "password" ? PasswordChanged : null;
            if (await pages.Browser.FindAsync(http) is { } signedIn) await ShowAsync(http, 200, signedIn, null, notice);
            else PageEndpoints.AskToSignIn(http);
        });
        pages.MapPost(routes, "/account/sessions", EndAsync);
        pages.MapPost(routes, "/account/password", ChangeAsync);
    }

    private async Task EndAsync(HttpContext http, PageForm form)
    {
        if (await pages.Browser.FindAsync(http) is not { } signedIn)
        {
            PageRenderer.Redirect(http, "/sign-in");
            return;
        }
        var caller = PersonStore.CallerOf(signedIn.Person);
        var chosen = form.Text("session");
        var ended = Result.Of(default(Done));
        if (chosen == "others") ended = await sessions.EndOthersAsync(caller, signedIn.Person, signedIn.Session.Id, http.RequestAborted);
        else if (signedIn.Person.Status.Sessions.Contains(chosen))
            ended = await sessions.EndAsync(caller, chosen!, http.RequestAborted);
        if (!ended.IsOk) throw ended.Error.ToException();
        if (chosen == signedIn.Session.Id) pages.Browser.Forget(http);
        PageRenderer.Redirect(http, chosen == signedIn.Session.Id ? "/sign-in" : "/account");
    }

    private async Task ChangeAsync(HttpContext http, PageForm form)
    {
        if (await pages.Browser.FindAsync(http) is not { } signedIn)
        {
            PageRenderer.Redirect(http, "/sign-in");
            return;
        }
        var person = signedIn.Person;
        var password = form.Text("password") ?? "";
        var (outcome, _) = await passwords.CheckAsync(
            person.Spec.Email, form.Text("old") ?? "", pages.Source.Of(http), pages.Browser.KnownAs(http), http.RequestAborted);
        if (outcome != SignInOutcome.Done)
        {
            var text = outcome == SignInOutcome.Refused ? "The current password is wrong." : "Too many attempts. Wait a few minutes.";
            await ShowAsync(http, outcome == SignInOutcome.Refused ? 400 : 429, signedIn, text, null);
            return;
        }
        if (PasswordRule.FaultOf(password, person.Spec.Email) is { } fault)
        {
            await ShowAsync(http, 400, signedIn, fault, null);
            return;
        }
        var caller = PersonStore.CallerOf(person);
        var changed = await people.SetPasswordAsync(caller, person, password, http.RequestAborted);
        if (!changed.TryGet(out var now, out var error)) throw error.ToException();
        // This session too: whoever has its secret would keep it. The browser gets another one.
        await sessions.RemoveAsync(caller, person.Status.Sessions);
        if (await pages.SignInAsync(http, now) is { } failed) throw failed.ToException();
        PageRenderer.Redirect(http, "/account?changed=password");
    }

    private async ValueTask<IReadOnlyList<AccountSession>> SessionsOfAsync(HttpContext http, SignedIn signedIn)
    {
        var shown = new List<AccountSession>();
        foreach (var session in await sessions.OfAsync(signedIn.Person, http.RequestAborted))
        {
            var program = await clients.FindAsync(session.Spec.Client, http.RequestAborted) is var (_, client)
                ? client.Spec.DisplayName ?? client.Name : PageText.ProgramOf(session.Spec);
            shown.Add(new AccountSession(session.Id, program, session.Spec.Address, session.Status.LastUsedAt));
        }
        return shown;
    }

    private async Task ShowAsync(HttpContext http, int status, SignedIn signedIn, string? error, string? notice)
    {
        var joined = await memberships.OfAsync(signedIn.Person, http.RequestAborted);
        await pages.SendAsync<AccountPage>(
            http, status, ("Email", signedIn.Person.Spec.Email), ("DisplayName", signedIn.Person.Spec.DisplayName),
            ("Server", pages.Options.LinkTo("")), ("Now", time.GetUtcNow()), ("Current", signedIn.Session.Id),
            ("Organizations", (IReadOnlyList<(string, IReadOnlyList<string>)>)[.. joined.Select(j => (j.Name, j.Membership.Spec.Roles))]),
            ("Sessions", await SessionsOfAsync(http, signedIn)), 
            ("SecondFactorAt", signedIn.Person.Status.SecondFactorAt), ("RecoveryCodes", signedIn.Person.Status.RecoveryCodes.Count),
            ("Error", error), ("Notice", notice));
    }
}

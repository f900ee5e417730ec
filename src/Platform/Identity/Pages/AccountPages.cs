using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Core;
using Strata.Identity.Mail;
using Strata.Identity.Memberships;
using Strata.Identity.OAuth;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.StepUp;

namespace Strata.Identity.Pages;

/// <summary>/account: a person's organizations, sessions and password.</summary>
internal sealed class AccountPages(
    PageEndpoints pages, FreshPages fresh, PasswordSignIn passwords, PersonStore people, SessionStore sessions,
    MembershipStore memberships, OAuthClients clients, AccountNotices notices, TimeProvider time)
{

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, "/account", async http =>
        {
            if (await pages.Browser.FindAsync(http) is { } signedIn)
                await ShowAsync(http, 200, signedIn, null, NoticeOf(http.Request.Query["changed"]));
            else PageEndpoints.AskToSignIn(http);
        });
        pages.MapPost(routes, "/account/sessions", EndAsync);
        fresh.MapPost(routes, "/account/password", ChangeAsync);
    }

    private static string? NoticeOf(string? changed) => changed switch
    {
        "password" => "Your password is changed, and you are signed out everywhere else.",
        "password-removed" => "Your password is removed. You sign in with your passkeys.",
        "passkey" => "The passkey is added.",
        "passkey-removed" => "The passkey is removed.",
        _ => null,
    };

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

    private async Task ChangeAsync(HttpContext http, PageForm form, SignedIn signedIn)
    {
        var person = signedIn.Person;
        var password = form.Text("password") ?? "";
        // Who has none has shown a passkey.
        var outcome = person.Status.Password is null ? SignInOutcome.Done : (await passwords.CheckAsync(
            person.Spec.Email, form.Text("old") ?? "", pages.Source.Of(http), pages.Browser.KnownAs(http), http.RequestAborted)).Outcome;
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
        await notices.ChangedAsync(http, now, "Your password was changed.");
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
        var person = signedIn.Person;
        var joined = await memberships.OfAsync(person, http.RequestAborted);
        await pages.SendAsync<AccountPage>(
            http, status, ("Email", signedIn.Person.Spec.Email), ("DisplayName", signedIn.Person.Spec.DisplayName),
            ("Server", pages.Options.LinkTo("")), ("Now", time.GetUtcNow()), ("Current", signedIn.Session.Id),
            ("Organizations", (IReadOnlyList<(string, IReadOnlyList<string>)>)[.. joined.Select(j => (j.Name, j.Membership.Spec.Roles))]),
            ("Sessions", await SessionsOfAsync(http, signedIn)), ("Passkeys", person.Status.Passkeys),
            ("HasPassword", person.Status.Password is not null), ("HasApp", SecondFactor.HasApp(person)),
            ("RecoveryCodes", person.Status.RecoveryCodes.Count), ("SendsMail", pages.Options.Mail is not null),
            ("IsVerified", PersonStore.HasVerifiedEmail(person)),
            ("MayRemovePassword", person.Status.Password is not null && person.Status.Passkeys.Any(p => p.SignsInAlone)),
            ("Lacking", (IReadOnlyList<string>)[.. joined.Where(j => j.LacksSecondFactor).Select(j => j.Name)]),
            ("Error", error), ("Notice", notice));
    }
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Identity.Links;
using Strata.Identity.Mail;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Pages;

/// <summary>
/// /password sends who has forgotten theirs a link, where the cloud sends mail; /password/SECRET sets a new one by such a link, or by one
/// that an operator made.
/// </summary>
internal sealed class PasswordPages(
    PageEndpoints pages, SignInPages signIn, PersonStore people, SessionStore sessions, SealedLinks links, MailOutbox outbox,
    AccountNotices notices, TimeProvider time)
{
    private const string AskPath = "/password";
    private const string Pattern = "/password/{secret}";
    private const int OfSourceMax = 10;
    private const int OfAccountMax = 3;

    private readonly GuessLimit sources = new(OfSourceMax, TimeSpan.FromMinutes(10), time);

    /// <summary>By address, whether anyone has it or not.</summary>
    private readonly GuessLimit accounts = new(OfAccountMax, TimeSpan.FromHours(1), time);

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, AskPath, http => AskAsync(http, 200, null));
        pages.MapPost(routes, AskPath, SendLinkAsync);
        pages.MapGet(routes, Pattern, async http =>
        {
            if (await FindAsync(http) is { } person) await ShowAsync(http, 200, person, null);
            else await NoneAsync(http);
        });
        pages.MapPost(routes, Pattern, TakeAsync);
    }

    private Task AskAsync(HttpContext http, int status, string? error) => outbox.IsOn
        ? pages.SendAsync<ForgottenPage>(http, status, ("Error", error))
        : pages.MessageAsync(
            http, 404, "Forgot your password?", "This cloud sends no mail. An operator of it makes you a link that sets a new one with:",
            "strata people password-link NAME");

    /// <summary>The same for every address, whether anyone has it or not.</summary>
    private async Task SendLinkAsync(HttpContext http, PageForm form)
    {
        if (!outbox.IsOn) await AskAsync(http, 404, null);
        else if (EmailAddress.Normal(form.Text("email")) is not { } email)
            await AskAsync(http, 400, "Enter your e-mail address, such as ada@example.com.");
        else if (!sources.TryBegin(pages.Source.Of(http))) await AskAsync(http, 429, "Too many requests. Wait ten minutes.");
        else
        {
            // A link a minute would fill someone's box, and each is as good as the one before.
            if (accounts.TryBegin(email)) await outbox.TryAskPasswordAsync(email, http.RequestAborted);
            await pages.MessageAsync(
                http, 200, "Look at your mail",
                "If this is the confirmed address of an account, it gets a link that sets a new password. The link works once, "
                    + "for an hour. Nothing there after a few minutes? Look among what your mail program takes for spam, or ask an "
                    + "administrator of the cloud for a link.");
        }
    }

    private async Task TakeAsync(HttpContext http, PageForm form)
    {
        if (await FindAsync(http) is not { } person)
        {
            await NoneAsync(http);
            return;
        }
        var password = form.Text("password") ?? "";
        if (PasswordRule.FaultOf(password, person.Spec.Email) is { } fault)
        {
            await ShowAsync(http, 400, person, fault);
            return;
        }
        var caller = PersonStore.CallerOf(person);
        var changed = await people.SetPasswordAsync(caller, person, password, http.RequestAborted);
        if (changed.Error == IdentityErrors.SignInOutdated)
        {
            await NoneAsync(http);
            return;
        }
        if (!changed.TryGet(out var now, out var error)) throw error.ToException();
        await sessions.RemoveAsync(caller, person.Status.Sessions);
        await notices.ChangedAsync(http, now, "Your password was changed by a link for who has forgotten it.");
        pages.Browser.Forget(http);
        await signIn.SendAsync(http, 200, "/account", email: now.Spec.Email, notice: "Your password is set. Sign in with it.");
    }

    private async ValueTask<PersonResource?> FindAsync(HttpContext http)
    {
        var text = http.Request.RouteValues["secret"] as string;
        if (await links.OpenAsync(SealedLinks.Password, text, http.RequestAborted) is { } opened)
            return opened.Email == opened.Person.Spec.Email ? opened.Person : null;
        if (!SecretText.TryParse(PersonEndpoints.LinkPrefix, 1, text, out var secret)) return null;
        return await people.FindAsync(new(secret.Ids[0]), http.RequestAborted) is { } person && PersonStore.IsAdmitted(person)
            && secret.Matches(person.Status.ResetHash) && person.Status.ResetExpiresAt > time.GetUtcNow() ? person : null;
    }

    private Task ShowAsync(HttpContext http, int status, PersonResource person, string? error) => pages.SendAsync<PasswordPage>(
        http, status, ("Email", person.Spec.Email), ("Action", http.Request.Path.Value), ("Error", error));

    private Task NoneAsync(HttpContext http) => pages.MessageAsync(
        http, 404, "This link is not valid", outbox.IsOn ? "It has been used, or is too old. You get another one where you sign in."
            : "It has been used, or it is older than a day. Ask an operator of the cloud for another one.");
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Core;
using Strata.Identity.Passkeys;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;

namespace Strata.Identity.Pages;

/// <summary>/sign-in, by a password or a passkey, and /sign-out.</summary>
internal sealed class SignInPages(
    PageEndpoints pages, PasswordSignIn passwords, PasskeyStore passkeys, PasskeyChallenges challenges, RelyingParty party,
    SessionStore sessions, SignInMetrics metrics, TimeProvider time)
{
    private const string PasskeyPath = "/sign-in/passkey";

    /// <summary>Of challenges: a signature of one signs in the person that the passkey names.</summary>
    private const string Purpose = "sign-in";

    public void Map(IEndpointRouteBuilder routes)
    {
        PasskeyScript.Map(routes);
        pages.MapGet(routes, "/sign-in", ShowAsync);
        pages.MapPost(routes, "/sign-in", TakeAsync);
        pages.MapPost(routes, PasskeyPath, TakePasskeyAsync);
        pages.MapPost(routes, "/sign-out", SignOutAsync);
    }

    /// <summary>The page, with a passkey's challenge of its own.</summary>
    public Task SendAsync(
        HttpContext http, int status, string wanted, string? error = null, string? email = null, string? notice = null) =>
        pages.SendOnAsync<SignInPage>(
            http, status, wanted, ("Error", error), ("Email", email), ("Notice", notice), ("SendsMail", pages.Options.Mail is not null),
            ("Offer", OfferOf(http, wanted)));

    private async Task ShowAsync(HttpContext http)
    {
        var wanted = PageEndpoints.ReturnPath(http.Request.Query["return"]);
        // Where a program asks for a fresh sign-in, being signed in is not enough.
        if (http.Request.Query["again"] != "1" && await pages.Browser.FindAsync(http) is not null) PageRenderer.Redirect(http, wanted);
        else await SendAsync(http, 200, wanted);
    }

    private async Task TakeAsync(HttpContext http, PageForm form)
    {
        var (email, wanted) = (form.Text("email") ?? "", PageEndpoints.ReturnPath(form.Text("return")));
        var (outcome, person) = await passwords.CheckAsync(
            email, form.Text("password") ?? "", pages.Source.Of(http), pages.Browser.KnownAs(http), http.RequestAborted);
        if (person is not null && SecondFactor.IsOn(person))
        {
            pages.Browser.KeepHalf(http, person, time.GetUtcNow());
            PageRenderer.Redirect(http, "/sign-in/second?return=" + Uri.EscapeDataString(wanted));
        }
        else if (person is not null)
        {
            if (await pages.SignInAsync(http, person) is { } failed) throw failed.ToException();
            PageRenderer.Redirect(http, wanted);
        }
        else
        {
            var (status, error) = outcome switch
            {
                SignInOutcome.TooMany => (429, $"Too many attempts. Wait {SignInLimit.Window.TotalMinutes:0} minutes, or use a browser in which you "
                    + "have signed in before."),
                SignInOutcome.Busy => (503, "The server is busy. Try again in a few seconds."),
                _ => (401, "The address or the password is wrong."),
            };
            await SendAsync(http, status, wanted, error, email);
        }
    }

    /// <summary>A passkey that has asked for a PIN, a finger or a face is two factors: nothing else is asked for.</summary>
    private async Task TakePasskeyAsync(HttpContext http, PageForm form)
    {
        var wanted = PageEndpoints.ReturnPath(form.Text("return"));
        if (party.FaultFor(http) is { } fault)
        {
            await SendAsync(http, 400, wanted, fault);
            return;
        }
        if (challenges.Open(http, form.Text("sealed"), Purpose) is not { } challenge)
        {
            await SendAsync(http, 400, wanted, "That took too long. Try again.");
            return;
        }
        var used = await passkeys.UseAsync(form.Text("credential") ?? "", challenge, null, alone: true, http.RequestAborted);
        if (used.Error is { Kind: ErrorKind.Unavailable } away) throw away.ToException();
        metrics.Count(used.IsOk ? SignInOutcome.Done : SignInOutcome.Refused, SignInMetrics.Passkey);
        if (!used.TryGet(out var found, out var refused))
        {
            await SendAsync(http, 401, wanted, $"{refused.Message} {refused.NextStep}");
            return;
        }
        if (await pages.SignInAsync(http, found.Person) is { } failed) throw failed.ToException();
        PageRenderer.Redirect(http, wanted);
    }

    private PasskeyOffer? OfferOf(HttpContext http, string wanted)
    {
        if (party.FaultFor(http) is not null) return null;
        var (challenge, kept) = challenges.Make(http, Purpose);
        return new PasskeyOffer(PasskeyPath, passkeys.RequestOptions(null, challenge, alone: true), kept)
        {
            IsProposed = true, Fields = [("return", wanted)],
        };
    }

    private async Task SignOutAsync(HttpContext http, PageForm form)
    {
        if (await pages.Browser.FindAsync(http) is { } signedIn)
        {
            var ended = await sessions.EndAsync(PersonStore.CallerOf(signedIn.Person), signedIn.Session.Id, http.RequestAborted);
            if (!ended.IsOk) throw ended.Error.ToException();
        }
        pages.Browser.Forget(http);
        PageRenderer.Redirect(http, form.Text("return") is { } wanted ? PageEndpoints.ReturnPath(wanted) : "/sign-in");
    }
}

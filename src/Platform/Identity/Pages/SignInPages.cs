using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;

namespace Strata.Identity.Pages;

/// <summary>/sign-in and /sign-out.</summary>
internal sealed class SignInPages(PageEndpoints pages, PasswordSignIn passwords, SessionStore sessions, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, "/sign-in", ShowAsync);
        pages.MapPost(routes, "/sign-in", TakeAsync);
        pages.MapPost(routes, "/sign-out", SignOutAsync);
    }

    private async Task ShowAsync(HttpContext http)
    {
        var wanted = PageEndpoints.ReturnPath(http.Request.Query["return"]);
        // Where a program asks for a fresh sign-in, being signed in is not enough.
        if (http.Request.Query["again"] != "1" && await pages.Browser.FindAsync(http) is not null) PageRenderer.Redirect(http, wanted);
        else await pages.SendOnAsync<SignInPage>(http, 200, wanted);
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
            await pages.SendOnAsync<SignInPage>(http, status, wanted, ("Error", error), ("Email", email));
        }
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

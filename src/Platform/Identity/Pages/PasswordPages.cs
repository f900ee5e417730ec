using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Pages;

/// <summary>/password/SECRET: sets a new password by a link that an operator made.</summary>
internal sealed class PasswordPages(PageEndpoints pages, PersonStore people, SessionStore sessions, TimeProvider time)
{
    private const string Pattern = "/password/{secret}";

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, Pattern, async http =>
        {
            if (await FindAsync(http) is { } person) await ShowAsync(http, 200, person, null);
            else await NoneAsync(http);
        });
        pages.MapPost(routes, Pattern, TakeAsync);
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
        pages.Browser.Forget(http);
        await pages.SendAsync<SignInPage>(http, 200, ("Notice", "Your password is set. Sign in with it."), ("Email", now.Spec.Email));
    }

    private async ValueTask<PersonResource?> FindAsync(HttpContext http)
    {
        if (!SecretText.TryParse(PersonEndpoints.LinkPrefix, 1, http.Request.RouteValues["secret"] as string, out var secret)) return null;
        return await people.FindAsync(new(secret.Ids[0]), http.RequestAborted) is { } person && PersonStore.IsAdmitted(person)
            && secret.Matches(person.Status.ResetHash) && person.Status.ResetExpiresAt > time.GetUtcNow() ? person : null;
    }

    private Task ShowAsync(HttpContext http, int status, PersonResource person, string? error) => pages.SendAsync<PasswordPage>(
        http, status, ("Email", person.Spec.Email), ("Action", http.Request.Path.Value), ("Error", error));

    private Task NoneAsync(HttpContext http) => pages.MessageAsync(
        http, 404, "This link is not valid", "It has been used, or it is older than a day. Ask an operator of the cloud for another one.");
}

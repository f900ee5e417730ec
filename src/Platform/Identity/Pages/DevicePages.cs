using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Identity.Memberships;
using Strata.Identity.OAuth;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;

namespace Strata.Identity.Pages;

/// <summary>/device: allows a program on another device to act as the person who enters its code.</summary>
internal sealed class DevicePages(PageEndpoints pages, DeviceRequests requests, MembershipStore memberships, TimeProvider time)
{
    private const int WrongMax = 10;

    /// <summary>Wrong codes of one person or source.</summary>
    private readonly GuessLimit guesses = new(WrongMax, TimeSpan.FromMinutes(5), time);

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, "/device", async http =>
        {
            if (await pages.Browser.FindAsync(http) is not { } signedIn) PageEndpoints.AskToSignIn(http);
            else if (http.Request.Query["user_code"] is [{ Length: > 0 } code]) await ShowAsync(http, signedIn, code);
            else await pages.SendAsync<DevicePage>(http, 200);
        });
        pages.MapPost(routes, "/device", AnswerAsync);
    }

    private async Task ShowAsync(HttpContext http, SignedIn signedIn, string code)
    {
        if (await FindAsync(http, signedIn, code) is not { } request) return;
        var organizations = await memberships.OfAsync(signedIn.Person, http.RequestAborted);
        if (organizations.Count == 0)
        {
            await pages.MessageAsync(http, 409, "You are in no organization", "A program acts in one. Ask an administrator to invite you.");
            return;
        }
        await pages.SendAsync<DevicePage>(
            http, 200, ("Code", code.ToUpperInvariant()), ("Program", SessionClients.NameOf(request.Client)), ("Address", request.Address),
            ("Age", PageText.Age(time.GetUtcNow() - request.CreatedAt)), ("SignedInAs", signedIn.Person.Spec.Email),
            ("Organizations", (IReadOnlyList<(string, string)>)[.. organizations.Select(o => (o.Tenant.ToString(), o.Name))]));
    }

    private async Task AnswerAsync(HttpContext http, PageForm form)
    {
        if (await pages.Browser.FindAsync(http) is not { } signedIn)
        {
            PageRenderer.Redirect(http, "/sign-in?return=%2Fdevice");
            return;
        }
        var code = form.Text("user_code") ?? "";
        if (await FindAsync(http, signedIn, code) is not { } request) return;
        if (form.Text("answer") != "approve")
        {
            await requests.AnswerAsync(code, request with { IsDenied = true }, http.RequestAborted);
            await pages.MessageAsync(http, 200, "Refused", "The program gets no access. You can close this page.");
            return;
        }
        var chosen = (await memberships.OfAsync(signedIn.Person, http.RequestAborted)).FirstOrDefault(
            o => o.Tenant.ToString() == form.Text("organization"));
        if (chosen is null)
        {
            await ShowAsync(http, signedIn, code);
            return;
        }
        if (chosen.LacksSecondFactor)
        {
            await pages.MessageAsync(http, 403, $"{chosen.Name} requires two-factor authentication", PageText.SecondFactorNeeded);
            return;
        }
        await requests.AnswerAsync(
            code, request with
            {
                Person = signedIn.Person.Id, Organization = chosen.Tenant.ToString(), Browser = signedIn.Session.Id,
            }, http.RequestAborted);
        await pages.MessageAsync(
            http, 200, "Done", $"The program acts as you in {chosen.Name} now. You can close this page; your account lists it, and ends it.");
    }

    /// <returns>Null: the answer is sent.</returns>
    private async ValueTask<DeviceRequest?> FindAsync(HttpContext http, SignedIn signedIn, string code)
    {
        if (guesses.IsOver(signedIn.Person.Id))
        {
            await pages.SendAsync<DevicePage>(http, 429, ("Error", "Too many wrong codes. Wait a few minutes."));
            return null;
        }
        if (await requests.FindAsync(code, http.RequestAborted) is { Person: null, IsDenied: false } request) return request;
        guesses.Failed(signedIn.Person.Id);
        await pages.SendAsync<DevicePage>(
            http, 404, ("Code", code), ("Error", "There is no program that waits with this code. Codes hold for ten minutes, and once."));
        return null;
    }
}

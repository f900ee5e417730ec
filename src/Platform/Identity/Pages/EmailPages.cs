using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Core;
using Strata.Identity.Links;
using Strata.Identity.Mail;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.StepUp;

namespace Strata.Identity.Pages;

/// <summary>
/// A person's address: /account/email sends a link to another one, /account/verify to the present one, and /verify/SECRET makes it theirs.
/// </summary>
internal sealed class EmailPages(
    PageEndpoints pages, FreshPages fresh, PersonStore people, SealedLinks links, AccountNotices notices)
{
    private const string Pattern = "/verify/{secret}";

    public void Map(IEndpointRouteBuilder routes)
    {
        fresh.MapPost(routes, "/account/email", ChangeAsync);
        pages.MapPost(routes, "/account/verify", AskAgainAsync);
        pages.MapGet(routes, Pattern, async http =>
        {
            if (await FindAsync(http) is { } opened)
                await pages.SendAsync<VerifyPage>(http, 200, ("Email", opened.Email), ("Action", http.Request.Path.Value));
            else await NoneAsync(http);
        });
        pages.MapPost(routes, Pattern, TakeAsync);
    }

    private async Task ChangeAsync(HttpContext http, PageForm form, SignedIn signedIn)
    {
        if (pages.Options.Mail is null)
            await pages.MessageAsync(http, 409, "Not changed", "This cloud sends no mail, so only an operator can change your address.");
        else if (EmailAddress.Normal(form.Text("email")) is not { } email)
            await pages.MessageAsync(http, 400, "Not changed", "That is no e-mail address, such as ada@example.com.");
        else await SendAsync(http, signedIn, email);
    }

    private async Task AskAgainAsync(HttpContext http, PageForm form)
    {
        if (await pages.Browser.FindAsync(http) is not { } signedIn) PageRenderer.Redirect(http, "/sign-in");
        else await SendAsync(http, signedIn, signedIn.Person.Spec.Email);
    }

    /// <summary>Whether another person has the address shows only to who can read what is sent there.</summary>
    private async Task SendAsync(HttpContext http, SignedIn signedIn, string email)
    {
        if (await notices.VerifyAsync(signedIn.Person, email, http.RequestAborted))
            await pages.MessageAsync(
                http, 200, "Look at your mail",
                $"A link is on its way to {email}. Once you have opened it, the address is yours. It works for a day.");
        else await pages.MessageAsync(http, 503, "No mail was sent", "There were too many, or none can be sent now. Try again in an hour.");
    }

    /// <summary>By a form, because programs that look for viruses open what is in mails.</summary>
    private async Task TakeAsync(HttpContext http, PageForm form)
    {
        if (await FindAsync(http) is not { } opened)
        {
            await NoneAsync(http);
            return;
        }
        var before = opened.Person.Spec.Email;
        var changed = await people.VerifyEmailAsync(opened.Person, opened.Email, http.RequestAborted);
        if (changed.Error is { Kind: ErrorKind.Conflict })
        {
            await pages.MessageAsync(http, 409, "Not changed", "Another account has this address.");
            return;
        }
        if (!changed.TryGet(out var now, out var error)) throw error.ToException();
        if (before != opened.Email)
            await notices.ChangedAsync(http, now, $"The address of your account is {opened.Email} now, and no longer this one.", before);
        await pages.MessageAsync(http, 200, "Thank you", $"{opened.Email} is confirmed.");
    }

    /// <returns>Null: the link is of no use any more.</returns>
    private ValueTask<OpenedLink?> FindAsync(HttpContext http) =>
        links.OpenAsync(SealedLinks.Verification, http.Request.RouteValues["secret"] as string, http.RequestAborted);

    private Task NoneAsync(HttpContext http) => pages.MessageAsync(
        http, 404, "This link is not valid",
        "It is older than a day, or your password has changed since. Your account page sends another one.");
}

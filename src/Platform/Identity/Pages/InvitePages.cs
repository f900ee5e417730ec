using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Core;
using Strata.Identity.Invitations;
using Strata.Identity.Mail;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Pages;

/// <summary>/invite/SECRET: joins an organization, with a new account or one's own.</summary>
internal sealed class InvitePages(
    PageEndpoints pages, InvitationStore invitations, PersonStore people, AccountNotices notices, TimeProvider time)
{
    private const string Pattern = "/invite/{secret}";
    private const int TriesMax = 30;

    /// <summary>Of a source: making an account costs the hash of a password.</summary>
    private readonly GuessLimit tries = new(TriesMax, SignInLimit.Window, time);

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, Pattern, ShowAsync);
        pages.MapPost(routes, Pattern, TakeAsync);
    }

    private async Task ShowAsync(HttpContext http)
    {
        if (await FindAsync(http) is not { } found) await NoneAsync(http);
        else await ShowAsync(http, 200, found, await pages.Browser.FindAsync(http), null, null, null);
    }

    private async Task TakeAsync(HttpContext http, PageForm form)
    {
        if (await FindAsync(http) is not { } found) await NoneAsync(http);
        else if (form.Text("as") == "self") await AcceptAsOneselfAsync(http, found);
        else await AcceptAsNewAsync(http, form, found);
    }

    private async Task AcceptAsOneselfAsync(HttpContext http, FoundInvitation found)
    {
        if (await pages.Browser.FindAsync(http) is not { } signedIn)
        {
            PageEndpoints.AskToSignIn(http);
            return;
        }
        var accepted = await invitations.AcceptAsync(found, signedIn.Person, CancellationToken.None);
        if (accepted.IsOk) await WelcomeAsync(http, found);
        else await ShowAsync(http, 409, found, signedIn, accepted.Error.Message, null, null);
    }

    private async Task AcceptAsNewAsync(HttpContext http, PageForm form, FoundInvitation found)
    {
        var (email, name) = (found.Resource.Spec.Email ?? EmailAddress.Normal(form.Text("email")), form.Text("name")?.Trim());
        if (name is "") name = null;
        var password = form.Text("password") ?? "";
        if (FaultOf(email, name, password) is { } fault) await RefuseAsync(400, fault);
        else if (found.Resource.State != InvitationKind.Open) await NoneAsync(http);
        else if (!tries.TryBegin(pages.Source.Of(http))) await RefuseAsync(429, "Too many attempts. Wait a few minutes.");
        else
        {
            var made = await people.CreateAsync(email!, name, password, http.RequestAborted);
            if (made.Error?.Code == "DUPLICATE")
                await RefuseAsync(409, "There is an account with this address already: sign in to accept (below).");
            else if (made.TryGet(out var person, out var error)) await AcceptAsync(person);
            else await RefuseAsync(503, error.Message);
        }

        Task RefuseAsync(int status, string text) =>
            ShowAsync(http, status, found, null, text, form.Text("email"), name);

        async Task AcceptAsync(PersonResource person)
        {
            // From here on it does not matter that the browser leaves: an account without a membership would be left.
            var accepted = await invitations.AcceptAsync(found, person, CancellationToken.None);
            if (!accepted.TryGet(out var member, out var error))
            {
                // Where another one was faster, the account would be of no use, and its address could not be used again. Where this one has
                // taken the invitation, signing in and opening the link finishes it.
                var now = await invitations.FindAsync(http.Request.RouteValues["secret"] as string, CancellationToken.None);
                if (now?.Resource.Status.Person != person.Id)
                    await people.DeleteAsync(PersonStore.CallerOf(person), person, CancellationToken.None);
                await RefuseAsync(409, error.Message);
                return;
            }
            tries.Forgive(pages.Source.Of(http));
            await notices.VerifyAsync(member, member.Spec.Email, CancellationToken.None);
            if (await pages.SignInAsync(http, member) is { } failed) throw failed.ToException();
            await WelcomeAsync(http, found);
        }
    }

    private static string? FaultOf(string? email, string? name, string password)
    {
        if (email is null) return "Enter your e-mail address, such as ada@example.com.";
        return PersonKind.FaultOf(name) is { } fault ? "Your name: " + fault : PasswordRule.FaultOf(password, email);
    }

    private Task WelcomeAsync(HttpContext http, FoundInvitation found) => pages.MessageAsync(
        http, 200, $"Welcome to {found.Organization}", "You are signed in. To use the command line with this cloud, enter:",
        $"strata login {pages.Options.LinkTo("")}");

    /// <summary>One that was accepted is shown to whoever accepted it, so that what was cut off can be finished.</summary>
    private async ValueTask<FoundInvitation?> FindAsync(HttpContext http)
    {
        var found = await invitations.FindAsync(http.Request.RouteValues["secret"] as string, http.RequestAborted);
        if (found is null || found.Resource.State == InvitationKind.Open) return found;
        return await pages.Browser.FindAsync(http) is { } signedIn && signedIn.Person.Id == found.Resource.Status.Person ? found : null;
    }

    private Task NoneAsync(HttpContext http) => pages.MessageAsync(
        http, 404, "This invitation is not valid", "It has been accepted, withdrawn, or has expired, or who made it may not "
            + "invite any more. If you accepted it yourself, sign in and open it again; otherwise ask for another one.");

    private async Task ShowAsync(
        HttpContext http, int status, FoundInvitation found, SignedIn? signedIn, string? error, string? email, string? name) =>
        await pages.SendAsync<InvitePage>(
            http, status, ("Organization", found.Organization), ("Roles", found.Resource.Spec.Roles),
            ("Project", await invitations.ProjectOfAsync(found, http.RequestAborted)),
            ("Action", http.Request.Path.Value), ("SignedInAs", signedIn?.Person.Spec.Email),
            ("Email", found.Resource.Spec.Email ?? email),
            ("IsEmailFixed", found.Resource.Spec.Email is not null), ("Name", name), ("Error", error));
}

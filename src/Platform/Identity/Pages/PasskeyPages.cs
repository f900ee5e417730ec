using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Core;
using Strata.Identity.Mail;
using Strata.Identity.Passkeys;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.StepUp;

namespace Strata.Identity.Pages;

/// <summary>/account/passkeys: adds and removes a person's passkeys, and removes the password that they replace.</summary>
internal sealed class PasskeyPages(
    PageEndpoints pages, FreshPages fresh, PasskeyStore passkeys, PasskeyChallenges challenges, RelyingParty party, PersonStore people,
    AccountNotices notices)
{
    private const string AddPath = "/account/passkeys";

    public void Map(IEndpointRouteBuilder routes)
    {
        fresh.MapGet(routes, AddPath + "/new", (http, signedIn) => ShowAsync(http, 200, signedIn, null, null));
        fresh.MapPost(routes, AddPath, AddAsync);
        fresh.MapPost(routes, AddPath + "/remove", RemoveAsync);
        fresh.MapPost(routes, "/account/password/remove", RemovePasswordAsync);
    }

    private async Task ShowAsync(HttpContext http, int status, SignedIn signedIn, string? name, string? error)
    {
        var fault = party.FaultFor(http);
        PasskeyOffer? offer = null;
        if (fault is null)
        {
            var (challenge, kept) = challenges.Make(http, PurposeOf(signedIn));
            offer = new PasskeyOffer(AddPath, passkeys.CreationOptions(signedIn.Person, challenge), kept) { IsNew = true };
        }
        await pages.SendAsync<NewPasskeyPage>(
            http, status, ("Offer", offer), ("Fault", fault), ("Error", error),
            ("Name", name ?? PageText.BrowserOf(http.Request.Headers.UserAgent)));
    }

    private async Task AddAsync(HttpContext http, PageForm form, SignedIn signedIn)
    {
        var name = form.Text("name")?.Trim() ?? "";
        if (party.FaultFor(http) is not null) await ShowAsync(http, 400, signedIn, null, null);
        else if (PasskeyStore.FaultOf(name) is { } fault) await ShowAsync(http, 400, signedIn, null, fault);
        else if (challenges.Open(http, form.Text("sealed"), PurposeOf(signedIn)) is not { } challenge)
            await ShowAsync(http, 400, signedIn, name, "That took too long. Try again.");
        else
        {
            var added = await passkeys.AddAsync(signedIn.Person, form.Text("credential") ?? "", challenge, name, http.RequestAborted);
            if (added.Error is { Kind: ErrorKind.Unavailable } away) throw away.ToException();
            if (!added.TryGet(out var made, out var refused))
            {
                await ShowAsync(http, 400, signedIn, name, $"{refused.Message} {refused.NextStep}");
                return;
            }
            await notices.ChangedAsync(http, made.Person, "A passkey was added to your account.");
            if (made.Codes.Count > 0) await pages.SendAsync<RecoveryPage>(http, 200, ("Codes", made.Codes));
            else PageRenderer.Redirect(http, "/account?changed=passkey");
        }
    }

    private async Task RemoveAsync(HttpContext http, PageForm form, SignedIn signedIn)
    {
        var removed = await passkeys.RemoveAsync(signedIn.Person, form.Text("passkey") ?? "", http.RequestAborted);
        if (await RefusedAsync(http, removed)) return;
        await notices.ChangedAsync(http, signedIn.Person, "A passkey was removed from your account.");
        PageRenderer.Redirect(http, "/account?changed=passkey-removed");
    }

    private async Task RemovePasswordAsync(HttpContext http, PageForm form, SignedIn signedIn)
    {
        var removed = await people.RemovePasswordAsync(signedIn.Person, http.RequestAborted);
        if (await RefusedAsync(http, removed)) return;
        await notices.ChangedAsync(http, signedIn.Person, "The password of your account was removed: you sign in with passkeys.");
        PageRenderer.Redirect(http, "/account?changed=password-removed");
    }

    private async ValueTask<bool> RefusedAsync<T>(HttpContext http, Result<T> result)
    {
        if (result.IsOk) return false;
        if (result.Error != IdentityErrors.LastWayIn) throw result.Error.ToException();
        await pages.MessageAsync(http, 409, "Not removed", $"{result.Error.Message} {result.Error.NextStep}");
        return true;
    }

    private static string PurposeOf(SignedIn signedIn) => "register " + signedIn.Session.Id;
}

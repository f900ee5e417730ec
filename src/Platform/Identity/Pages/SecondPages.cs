using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QRCoder;
using Strata.Core;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;

namespace Strata.Identity.Pages;

/// <summary>/sign-in/second and /account/second: one-time codes after the password.</summary>
internal sealed class SecondPages(
    PageEndpoints pages, SecondFactor second, PasswordSignIn passwords, PersonStore people, SealedSecrets secrets, TimeProvider time)
{
    private const string SignInPath = "/sign-in/second";
    private const int TriesMax = 10;
    private const int PixelsPerModule = 5;

    /// <summary>Of a person: whoever is here knows the password.</summary>
    private readonly GuessLimit tries = new(TriesMax, SignInLimit.Window, time);

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, SignInPath, AskAsync);
        pages.MapPost(routes, SignInPath, TakeAsync);
        pages.MapGet(routes, "/account/second", async http =>
        {
            if (await pages.Browser.FindAsync(http) is { } signedIn) await OfferAsync(http, 200, signedIn, SecondFactor.NewSecret(), null);
            else PageEndpoints.AskToSignIn(http);
        });
        pages.MapPost(routes, "/account/second", TurnOnAsync);
        pages.MapPost(routes, "/account/second/off", TurnOffAsync);
    }

    private async Task AskAsync(HttpContext http)
    {
        var wanted = PageEndpoints.ReturnPath(http.Request.Query["return"]);
        if (pages.Browser.HalfSignedIn(http, time.GetUtcNow()) is null) PageRenderer.Redirect(http, "/sign-in");
        else await pages.SendAsync<SecondPage>(http, 200, ("Return", wanted));
    }

    private async Task TakeAsync(HttpContext http, PageForm form)
    {
        var wanted = PageEndpoints.ReturnPath(form.Text("return"));
        var person = pages.Browser.HalfSignedIn(http, time.GetUtcNow()) is { } id ? await people.FindAsync(id, http.RequestAborted) : null;
        if (person is null || !PersonStore.IsAdmitted(person))
        {
            PageRenderer.Redirect(http, "/sign-in");
            return;
        }
        if (!tries.TryBegin(person.Id))
        {
            await pages.SendAsync<SecondPage>(http, 429, ("Return", wanted), ("Error", "Too many wrong codes. Wait ten minutes."));
            return;
        }
        var used = await second.UseAsync(person, form.Text("code") ?? "", http.RequestAborted);
        if (used.Error is { Kind: not ErrorKind.Invalid } failed) throw failed.ToException();
        if (!used.TryGet(out var now, out _))
        {
            await pages.SendAsync<SecondPage>(http, 401, ("Return", wanted), ("Error", "The code is wrong, or was used before."));
            return;
        }
        tries.Forgive(person.Id);
        if (await pages.SignInAsync(http, now) is { } error) throw error.ToException();
        PageRenderer.Redirect(http, wanted);
    }

    private async Task TurnOnAsync(HttpContext http, PageForm form)
    {
        if (await pages.Browser.FindAsync(http) is not { } signedIn) PageRenderer.Redirect(http, "/sign-in");
        // On already, it would be replaced without being asked for.
        else if (SecondFactor.IsOn(signedIn.Person)) PageRenderer.Redirect(http, "/account");
        else if (secrets.Open(form.Text("sealed") ?? "", ContextOf(signedIn)) is not { } secret)
            PageRenderer.Redirect(http, "/account/second");
        else
        {
            var code = string.Concat((form.Text("code") ?? "").Where(char.IsAsciiDigit));
            var on = await second.TurnOnAsync(signedIn.Person, secret, code, http.RequestAborted);
            if (on.Error is { Kind: not ErrorKind.Invalid } failed) throw failed.ToException();
            if (on.TryGet(out var codes, out var wrong)) await pages.SendAsync<RecoveryPage>(http, 200, ("Codes", codes));
            else await OfferAsync(http, 400, signedIn, secret, wrong.Message + " Is the clock of your phone right?");
        }
    }

    /// <summary>With the password: a browser that was left open must not be enough.</summary>
    private async Task TurnOffAsync(HttpContext http, PageForm form)
    {
        if (await pages.Browser.FindAsync(http) is not { } signedIn)
        {
            PageRenderer.Redirect(http, "/sign-in");
            return;
        }
        var (outcome, _) = await passwords.CheckAsync(
            signedIn.Person.Spec.Email, form.Text("old") ?? "", RequestSource.Of(http), id => pages.Browser.KnownAs(http, id),
            http.RequestAborted);
        if (outcome != SignInOutcome.Done)
        {
            await pages.MessageAsync(
                http, outcome == SignInOutcome.Refused ? 400 : 429, "Not turned off", "The password is wrong, or there were too many attempts.");
            return;
        }
        var off = await second.TurnOffAsync(PersonStore.CallerOf(signedIn.Person), signedIn.Person, http.RequestAborted);
        if (!off.IsOk) throw off.Error.ToException();
        PageRenderer.Redirect(http, "/account");
    }

    private Task OfferAsync(HttpContext http, int status, SignedIn signedIn, string secret, string? error)
    {
        if (SecondFactor.IsOn(signedIn.Person))
        {
            PageRenderer.Redirect(http, "/account");
            return Task.CompletedTask;
        }
        var uri = SecondFactor.UriOf(signedIn.Person, secret, pages.Options.PublicUrl.Host);
        using var code = QRCodeGenerator.GenerateQrCode(uri, QRCodeGenerator.ECCLevel.M);
        using var picture = new PngByteQRCode(code);
        return pages.SendAsync<SecondSetupPage>(
            http, status, ("Picture", "data:image/png;base64," + Convert.ToBase64String(picture.GetGraphic(PixelsPerModule))),
            ("Secret", secret), ("Sealed", secrets.Seal(secret, ContextOf(signedIn))), ("Error", error));
    }

    /// <summary>A secret that another page, or another person, was offered is not taken.</summary>
    private static string ContextOf(SignedIn signedIn) => "offered totp/" + signedIn.Person.Id;
}

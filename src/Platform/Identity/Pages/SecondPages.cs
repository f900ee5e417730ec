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
    PageEndpoints pages, SecondFactor second, PasswordSignIn passwords, SealedSecrets secrets, TimeProvider time)
{
    private const string SignInPath = "/sign-in/second";
    private const int TriesMax = 10;
    private const int PixelsPerModule = 5;

    /// <summary>Of a person, whose password was given before.</summary>
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
        if (await pages.Browser.HalfSignedInAsync(http, time.GetUtcNow()) is null) PageRenderer.Redirect(http, "/sign-in");
        else await pages.SendOnAsync<SecondPage>(http, 200, wanted);
    }

    private async Task TakeAsync(HttpContext http, PageForm form)
    {
        var wanted = PageEndpoints.ReturnPath(form.Text("return"));
        if (await pages.Browser.HalfSignedInAsync(http, time.GetUtcNow()) is not { } person)
        {
            PageRenderer.Redirect(http, "/sign-in");
            return;
        }
        // Attempts from elsewhere lock no one out of the browser in which they usually sign in.
        var counted = pages.Browser.KnownAs(http) is { } known && known.Stamp == PersonStore.StampOf(person) ? known.Name : person.Id;
        if (!tries.TryBegin(counted))
        {
            await pages.SendOnAsync<SecondPage>(http, 429, wanted, ("Error", "Too many wrong codes. Wait ten minutes."));
            return;
        }
        var used = await second.UseAsync(person, form.Text("code") ?? "", http.RequestAborted);
        if (used.Error is { Kind: not ErrorKind.Invalid } failed) throw failed.ToException();
        if (!used.TryGet(out var now, out _))
        {
            await pages.SendOnAsync<SecondPage>(http, 401, wanted, ("Error", "The code is wrong, or was used before."));
            return;
        }
        tries.Forgive(counted);
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
            // A browser that was left open must not be enough: its owner would be kept out.
            if (await CheckPasswordAsync(http, signedIn, form) is { } refused)
            {
                await OfferAsync(http, 400, signedIn, secret, refused);
                return;
            }
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
        if (await CheckPasswordAsync(http, signedIn, form) is { } refused)
        {
            await pages.MessageAsync(http, 400, "Not turned off", refused);
            return;
        }
        var off = await second.TurnOffAsync(PersonStore.CallerOf(signedIn.Person), signedIn.Person, http.RequestAborted);
        if (!off.IsOk) throw off.Error.ToException();
        PageRenderer.Redirect(http, "/account");
    }

    /// <summary>What is wrong with the password that a form has; null: nothing.</summary>
    private async ValueTask<string?> CheckPasswordAsync(HttpContext http, SignedIn signedIn, PageForm form)
    {
        var (outcome, _) = await passwords.CheckAsync(
            signedIn.Person.Spec.Email, form.Text("old") ?? "", pages.Source.Of(http), pages.Browser.KnownAs(http), http.RequestAborted);
        return outcome switch
        {
            SignInOutcome.Done => null,
            SignInOutcome.Refused => "The password is wrong.",
            _ => "Too many attempts. Wait a few minutes.",
        };
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
            ("Secret", secret), ("Email", signedIn.Person.Spec.Email), ("Sealed", secrets.Seal(secret, ContextOf(signedIn))),
            ("Error", error));
    }

    /// <summary>A secret that another page, or another person, was offered is not taken.</summary>
    private static string ContextOf(SignedIn signedIn) => "offered totp/" + signedIn.Person.Id;
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QRCoder;
using Strata.Core;
using Strata.Identity.Mail;
using Strata.Identity.Passkeys;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.StepUp;
using Strata.Identity.Tokens;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Pages;

/// <summary>/sign-in/second and /account/second: a one-time code, or a passkey, after the password.</summary>
internal sealed class SecondPages(
    PageEndpoints pages, FreshPages fresh, SecondFactor second, PasswordSignIn passwords, PasskeyStore passkeys,
    PasskeyChallenges challenges, RelyingParty party, AccountNotices notices, SealedSecrets secrets, TimeProvider time)
{
    private const string SignInPath = "/sign-in/second";
    private const string PasskeyPath = "/sign-in/second/passkey";
    private const int TriesMax = 10;
    private const int PixelsPerModule = 5;

    /// <summary>Of a person, whose password was given before.</summary>
    private readonly GuessLimit tries = new(TriesMax, SignInLimit.Window, time);

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, SignInPath, AskAsync);
        pages.MapPost(routes, SignInPath, TakeAsync);
        pages.MapPost(routes, PasskeyPath, TakePasskeyAsync);
        fresh.MapGet(
            routes, "/account/second", (http, signedIn) => OfferAsync(http, 200, signedIn, SecondFactor.NewSecret(), null));
        fresh.MapPost(routes, "/account/second", TurnOnAsync);
        fresh.MapPost(routes, "/account/second/off", TurnOffAsync);
    }

    private async Task AskAsync(HttpContext http)
    {
        var wanted = PageEndpoints.ReturnPath(http.Request.Query["return"]);
        if (await pages.Browser.HalfSignedInAsync(http, time.GetUtcNow()) is not { } person) PageRenderer.Redirect(http, "/sign-in");
        else await SendAsync(http, 200, person, wanted, null);
    }

    private Task SendAsync(HttpContext http, int status, PersonResource person, string wanted, string? error)
    {
        var fault = person.Status.Passkeys.Count == 0 ? null : party.FaultFor(http);
        return pages.SendOnAsync<SecondPage>(
            http, status, wanted, ("Error", error), ("HasApp", SecondFactor.HasApp(person)), ("Fault", fault),
            ("Offer", person.Status.Passkeys.Count > 0 && fault is null ? OfferOf(http, person, wanted) : null));
    }

    private PasskeyOffer OfferOf(HttpContext http, PersonResource person, string wanted)
    {
        var (challenge, kept) = challenges.Make(http, PurposeOf(person));
        return new PasskeyOffer(PasskeyPath, passkeys.RequestOptions(person, challenge, alone: false), kept)
        {
            Fields = [("return", wanted)],
        };
    }

    private static string PurposeOf(PersonResource person) => "second " + person.Id;

    private async Task TakePasskeyAsync(HttpContext http, PageForm form)
    {
        var wanted = PageEndpoints.ReturnPath(form.Text("return"));
        if (await pages.Browser.HalfSignedInAsync(http, time.GetUtcNow()) is not { } person)
        {
            PageRenderer.Redirect(http, "/sign-in");
            return;
        }
        if (challenges.Open(http, form.Text("sealed"), PurposeOf(person)) is not { } challenge)
        {
            await SendAsync(http, 400, person, wanted, "That took too long. Try again.");
            return;
        }
        var used = await passkeys.UseAsync(form.Text("credential") ?? "", challenge, person, alone: false, http.RequestAborted);
        if (used.Error is { Kind: ErrorKind.Unavailable } away) throw away.ToException();
        if (!used.TryGet(out var found, out var refused))
            await SendAsync(http, 401, person, wanted, $"{refused.Message} {refused.NextStep}");
        else if (await pages.SignInAsync(http, found.Person) is { } failed) throw failed.ToException();
        else PageRenderer.Redirect(http, wanted);
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
            await SendAsync(http, 429, person, wanted, "Too many wrong codes. Wait ten minutes.");
            return;
        }
        var used = await second.UseAsync(person, form.Text("code") ?? "", http.RequestAborted);
        if (used.Error is { Kind: not ErrorKind.Invalid } failed) throw failed.ToException();
        if (!used.TryGet(out var now, out _))
        {
            await SendAsync(http, 401, person, wanted, "The code is wrong, or was used before.");
            return;
        }
        tries.Forgive(counted);
        if (await pages.SignInAsync(http, now) is { } error) throw error.ToException();
        PageRenderer.Redirect(http, wanted);
    }

    private async Task TurnOnAsync(HttpContext http, PageForm form, SignedIn signedIn)
    {
        // On already, it would be replaced without being asked for.
        if (SecondFactor.HasApp(signedIn.Person)) PageRenderer.Redirect(http, "/account");
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
            if (on.TryGet(out var codes, out var wrong))
            {
                await notices.ChangedAsync(http, signedIn.Person, "Codes of an authenticator app were turned on for your account.");
                await pages.SendAsync<RecoveryPage>(http, 200, ("Codes", codes));
            }
            else await OfferAsync(http, 400, signedIn, secret, wrong.Message + " Is the clock of your phone right?");
        }
    }

    /// <summary>With the password: a browser that was left open must not be enough.</summary>
    private async Task TurnOffAsync(HttpContext http, PageForm form, SignedIn signedIn)
    {
        if (await CheckPasswordAsync(http, signedIn, form) is { } refused)
        {
            await pages.MessageAsync(http, 400, "Not turned off", refused);
            return;
        }
        var off = await second.TurnOffAsync(PersonStore.CallerOf(signedIn.Person), signedIn.Person, http.RequestAborted);
        if (!off.IsOk) throw off.Error.ToException();
        await notices.ChangedAsync(http, signedIn.Person, "Codes of an authenticator app were turned off for your account.");
        PageRenderer.Redirect(http, "/account");
    }

    /// <summary>What is wrong with the password that a form has; null: nothing.</summary>
    private async ValueTask<string?> CheckPasswordAsync(HttpContext http, SignedIn signedIn, PageForm form)
    {
        if (signedIn.Person.Status.Password is null) return null; // they have shown a passkey
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
        if (SecondFactor.HasApp(signedIn.Person))
        {
            PageRenderer.Redirect(http, "/account");
            return Task.CompletedTask;
        }
        var uri = SecondFactor.UriOf(signedIn.Person, secret, pages.Options.PublicUrl.Host);
        using var code = QRCodeGenerator.GenerateQrCode(uri, QRCodeGenerator.ECCLevel.M);
        using var picture = new PngByteQRCode(code);
        return pages.SendAsync<SecondSetupPage>(
            http, status, ("Picture", "data:image/png;base64," + Convert.ToBase64String(picture.GetGraphic(PixelsPerModule))),
            ("Secret", secret), ("Email", signedIn.Person.Spec.Email), ("HasPassword", signedIn.Person.Status.Password is not null),
            ("Sealed", secrets.Seal(secret, ContextOf(signedIn))),
            ("Error", error));
    }

    /// <summary>A secret that another page, or another person, was offered is not taken.</summary>
    private static string ContextOf(SignedIn signedIn) => "offered totp/" + signedIn.Person.Id;
}

using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Core;
using Strata.Identity.Pages;
using Strata.Identity.Passkeys;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;

namespace Strata.Identity.StepUp;

/// <summary>
/// Pages of what only the person themselves may do: where their sign-in is not fresh any more (<see cref="FreshSignIn"/>), the page asks
/// them again in its place, for a passkey, or for the password and then the second factor, and goes on with what they had sent.
/// </summary>
internal sealed class FreshPages(
    PageEndpoints pages, PasswordSignIn passwords, SecondFactor second, PasskeyStore passkeys, PasskeyChallenges challenges,
    RelyingParty party, SessionStore sessions, SessionAuthenticator authenticator, SealedSecrets secrets, TimeProvider time)
{
    private const string Prefix = "again-";
    private const string GetPath = "/account/again";
    private const int TriesMax = 10;
    private const string TooMany = "Too many attempts. Wait a few minutes.";
    private static readonly TimeSpan HalfLifetime = TimeSpan.FromMinutes(10);

    /// <summary>Codes tried, of a person.</summary>
    private readonly GuessLimit tries = new(TriesMax, SignInLimit.Window, time);

    /// <summary>How an attempt went.</summary>
    /// <param name="Half">What shows that the password was right, where the second factor is missing.</param>
    private sealed record Attempt(bool IsDone, string? Half = null, string? Error = null, int Status = StatusCodes.Status403Forbidden);

    public void Map(IEndpointRouteBuilder routes) => MapPost(routes, GetPath, (http, form, _) =>
    {
        PageRenderer.Redirect(http, PageEndpoints.ReturnPath(form.Text("return")));
        return Task.CompletedTask;
    });

    /// <summary>A page that is only shown.</summary>
    public void MapGet(IEndpointRouteBuilder routes, string pattern, Func<HttpContext, SignedIn, Task> show) =>
        pages.MapGet(routes, pattern, async http =>
        {
            if (await pages.Browser.FindAsync(http) is not { } signedIn) PageEndpoints.AskToSignIn(http);
            else if (FreshSignIn.IsFresh(SessionStore.AuthenticatedAt(signedIn.Session), time.GetUtcNow())) await show(http, signedIn);
            else await AskAsync(http, signedIn, GetPath, [("return", http.Request.Path + http.Request.QueryString)], new Attempt(false));
        });

    /// <summary>A form.</summary>
    /// <param name="ageMax">How fresh the sign-in has to be; null: as everywhere.</param>
    public void MapPost(
        IEndpointRouteBuilder routes, string pattern, Func<HttpContext, PageForm, SignedIn, Task> take, TimeSpan? ageMax = null) =>
        pages.MapPost(routes, pattern, async (http, form) =>
        {
            if (await pages.Browser.FindAsync(http) is not { } signedIn) PageRenderer.Redirect(http, "/sign-in");
            else if (await ContinueAsync(http, form, signedIn, ageMax ?? FreshSignIn.AgeMax) is { } fresh) await take(http, form, fresh);
        });

    /// <returns>Null: they are asked.</returns>
    private async ValueTask<SignedIn?> ContinueAsync(HttpContext http, PageForm form, SignedIn signedIn, TimeSpan ageMax)
    {
        if (time.GetUtcNow() - SessionStore.AuthenticatedAt(signedIn.Session) <= ageMax) return signedIn;
        var attempt = await TryAsync(http, form, signedIn);
        if (attempt.IsDone)
        {
            var noted = await sessions.AuthenticatedAsync(signedIn.Person, signedIn.Session, time.GetUtcNow(), http.RequestAborted);
            if (!noted.TryGet(out var session, out var error)) throw error.ToException();
            authenticator.Forget(session);
            return signedIn with { Session = session };
        }
        var fields = form.Fields.Where(f => !f.Name.StartsWith(Prefix, StringComparison.Ordinal)).ToList();
        await AskAsync(http, signedIn, http.Request.Path.Value!, fields, attempt);
        return null;
    }

    private async ValueTask<Attempt> TryAsync(HttpContext http, PageForm form, SignedIn signedIn)
    {
        var half = IsHalf(form.Text(Prefix + "half"), signedIn) ? form.Text(Prefix + "half") : null;
        if (form.Text(Prefix + "credential") is { } credential) return await TryPasskeyAsync(http, form, signedIn, credential, half);
        if (half is not null) return await TryCodeAsync(http, form, signedIn, half);
        // The form may have asked for the password itself.
        return (form.Text(Prefix + "password") ?? form.Text("old")) is { } password
            ? await TryPasswordAsync(http, signedIn, password) : new Attempt(false);
    }

    private async ValueTask<Attempt> TryPasskeyAsync(
        HttpContext http, PageForm form, SignedIn signedIn, string credential, string? half)
    {
        if (challenges.Open(http, form.Text(Prefix + "sealed"), PurposeOf(signedIn)) is not { } challenge)
            return new Attempt(false, half, "That took too long. Try again.");
        var used = await passkeys.UseAsync(credential, challenge, signedIn.Person, alone: half is null, http.RequestAborted);
        if (used.Error is { Kind: ErrorKind.Unavailable } away) throw away.ToException();
        return used.IsOk ? new Attempt(true) : new Attempt(false, half, $"{used.Error.Message} {used.Error.NextStep}");
    }

    private async ValueTask<Attempt> TryCodeAsync(HttpContext http, PageForm form, SignedIn signedIn, string half)
    {
        if (form.Text(Prefix + "code") is not { } code) return new Attempt(false, half);
        if (!tries.TryBegin(signedIn.Person.Id)) return new Attempt(false, half, TooMany, StatusCodes.Status429TooManyRequests);
        var used = await second.UseAsync(signedIn.Person, code, http.RequestAborted);
        if (used.Error is { Kind: ErrorKind.Unavailable } away) throw away.ToException();
        if (!used.IsOk) return new Attempt(false, half, "The code is wrong, or was used before.");
        tries.Forgive(signedIn.Person.Id);
        return new Attempt(true);
    }

    private async ValueTask<Attempt> TryPasswordAsync(HttpContext http, SignedIn signedIn, string password)
    {
        var person = signedIn.Person;
        var (outcome, _) = await passwords.CheckAsync(
            person.Spec.Email, password, pages.Source.Of(http), pages.Browser.KnownAs(http), http.RequestAborted);
        return outcome switch
        {
            SignInOutcome.Done when SecondFactor.IsOn(person) => new Attempt(false, NewHalf(signedIn)),
            SignInOutcome.Done => new Attempt(true),
            SignInOutcome.Refused => new Attempt(false, null, "The password is wrong."),
            _ => new Attempt(false, null, TooMany, StatusCodes.Status429TooManyRequests),
        };
    }

    private async Task AskAsync(
        HttpContext http, SignedIn signedIn, string action, IReadOnlyList<(string Name, string Value)> fields, Attempt attempt)
    {
        var person = signedIn.Person;
        var keys = attempt.Half is null ? person.Status.Passkeys.Count(p => p.VerifiesUser) : person.Status.Passkeys.Count;
        var fault = keys == 0 ? null : party.FaultFor(http);
        if (attempt.Half is not null) fields = [.. fields, (Prefix + "half", attempt.Half)];
        await pages.SendAsync<StepUpPage>(
            http, attempt.Status, ("Action", action), ("Fields", fields), ("Error", attempt.Error), ("Email", person.Spec.Email),
            ("AsksForPassword", attempt.Half is null && person.Status.Password is not null),
            ("AsksForCode", attempt.Half is not null && person.Status.RecoveryCodes.Count + (SecondFactor.HasApp(person) ? 1 : 0) > 0),
            ("Fault", fault), ("Offer", keys > 0 && fault is null ? OfferOf(http, signedIn, action, fields, attempt.Half is null) : null));
    }

    private PasskeyOffer OfferOf(
        HttpContext http, SignedIn signedIn, string action, IReadOnlyList<(string Name, string Value)> fields, bool alone)
    {
        var (challenge, kept) = challenges.Make(http, PurposeOf(signedIn));
        return new PasskeyOffer(action, passkeys.RequestOptions(signedIn.Person, challenge, alone), kept)
        {
            Prefix = Prefix, Fields = fields,
        };
    }

    private static string PurposeOf(SignedIn signedIn) => "again " + signedIn.Session.Id;

    private string NewHalf(SignedIn signedIn) => secrets.Seal(
        $"{(time.GetUtcNow() + HalfLifetime).ToUnixTimeSeconds()} {PersonStore.StampOf(signedIn.Person)}", HalfContext(signedIn));

    private bool IsHalf(string? text, SignedIn signedIn) =>
        text is not null && secrets.Open(text, HalfContext(signedIn))?.Split(' ', 2) is [var end, var stamp]
            && time.GetUtcNow().ToUnixTimeSeconds() < long.Parse(end, CultureInfo.InvariantCulture)
            && stamp == PersonStore.StampOf(signedIn.Person);

    private static string HalfContext(SignedIn signedIn) => "half step-up/" + signedIn.Session.Id;
}

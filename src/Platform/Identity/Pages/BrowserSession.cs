using System.Globalization;
using Microsoft.AspNetCore.Http;
using Strata.Core;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Pages;

/// <summary>
/// What a browser keeps: its session, and a mark of who has signed in there before. Scripts do not see it, and other sites cannot use it.
/// </summary>
internal sealed class BrowserSession(
    SessionAuthenticator authenticator, PersonStore people, SealedSecrets secrets, IdentityOptions options)
{
    private const string MarkContext = "browser";
    private const string HalfContext = "half sign-in";
    private static readonly TimeSpan HalfLifetime = TimeSpan.FromMinutes(10);

    private bool IsSecure => options.PublicUrl.Scheme == Uri.UriSchemeHttps;

    /// <summary>The prefix makes browsers refuse one that another host has set.</summary>
    private string SessionCookie => IsSecure ? "__Host-strata-session" : "strata-session";

    private string MarkCookie => IsSecure ? "__Host-strata-browser" : "strata-browser";

    private string HalfCookie => IsSecure ? "__Host-strata-half" : "strata-half";

    /// <returns>Null: nobody is signed in.</returns>
    public async ValueTask<SignedIn?> FindAsync(HttpContext http) =>
        await authenticator.UseAsync(http.Request.Cookies[SessionCookie], http.RequestAborted) is { } found
            && found.Session.Spec.Client == SessionClients.Browser ? found : null; // a program's is none of a browser's

    public void Keep(HttpContext http, PersonResource person, IssuedSession session)
    {
        http.Response.Cookies.Append(SessionCookie, session.Text, OptionsFor(SessionStore.AgeMax));
        var mark = $"{session.Resource.Id} {PersonStore.StampOf(person)}";
        http.Response.Cookies.Delete(HalfCookie, OptionsFor(TimeSpan.Zero));
        http.Response.Cookies.Append(MarkCookie, secrets.Seal(mark, MarkContext), OptionsFor(TimeSpan.FromDays(400)));
    }

    /// <summary>Notes that a person has given the right password, for a few minutes; they are not signed in by that.</summary>
    public void KeepHalf(HttpContext http, PersonResource person, DateTimeOffset now) => http.Response.Cookies.Append(
        HalfCookie, secrets.Seal($"{(now + HalfLifetime).ToUnixTimeSeconds()} {PersonStore.StampOf(person)}", HalfContext),
        OptionsFor(HalfLifetime));

    /// <summary>
    /// The person whose password was given in this browser; null: none was, it is too long ago, or it, or the second factor, is another one
    /// now.
    /// </summary>
    public async ValueTask<PersonResource?> HalfSignedInAsync(HttpContext http, DateTimeOffset now)
    {
        if (http.Request.Cookies[HalfCookie] is not { } half
            || secrets.Open(half, HalfContext)?.Split(' ', 2) is not [var end, var stamp]) return null;
        if (now.ToUnixTimeSeconds() >= long.Parse(end, CultureInfo.InvariantCulture)) return null;
        var id = PersonKind.Kind.EntityOf(stamp.Split(' ')[0]);
        return await people.FindAsync(id, http.RequestAborted) is { } person && PersonStore.IsAdmitted(person)
            && PersonStore.StampOf(person) == stamp ? person : null;
    }

    public void Forget(HttpContext http) => http.Response.Cookies.Delete(SessionCookie, OptionsFor(TimeSpan.Zero));

    /// <summary>A name for this browser, and who has signed in here before; null: nobody has, as far as is known.</summary>
    public KnownBrowser? KnownAs(HttpContext http) => http.Request.Cookies[MarkCookie] is { } mark
        && secrets.Open(mark, MarkContext) is { } known && known.Split(' ', 2) is [_, var stamp] ? new KnownBrowser(known, stamp) : null;

    private CookieOptions OptionsFor(TimeSpan age) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = IsSecure, Path = "/", MaxAge = age, IsEssential = true,
    };
}

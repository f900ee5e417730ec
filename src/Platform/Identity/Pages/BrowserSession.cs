using Microsoft.AspNetCore.Http;
using Strata.Core;
using Strata.Identity.Sessions;

namespace Strata.Identity.Pages;

/// <summary>
/// What a browser keeps: its session, and a mark of who has signed in there before. Scripts do not see it, and other sites cannot use it.
/// </summary>
internal sealed class BrowserSession(SessionAuthenticator authenticator, SealedSecrets secrets, IdentityOptions options)
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
    public ValueTask<SignedIn?> FindAsync(HttpContext http) =>
        authenticator.FindAsync(http.Request.Cookies[SessionCookie], http.RequestAborted);

    public void Keep(HttpContext http, IssuedSession session)
    {
        http.Response.Cookies.Append(SessionCookie, session.Text, OptionsFor(SessionStore.AgeMax));
        var mark = session.Resource.Spec.Person + " " + session.Resource.Id;
        http.Response.Cookies.Delete(HalfCookie, OptionsFor(TimeSpan.Zero));
        http.Response.Cookies.Append(MarkCookie, secrets.Seal(mark, MarkContext), OptionsFor(TimeSpan.FromDays(400)));
    }

    /// <summary>Notes that a person has given the right password, for a few minutes; they are not signed in by that.</summary>
    public void KeepHalf(HttpContext http, string person, DateTimeOffset now) => http.Response.Cookies.Append(
        HalfCookie, secrets.Seal($"{person} {(now + HalfLifetime).ToUnixTimeSeconds()}", HalfContext), OptionsFor(HalfLifetime));

    /// <summary>The person whose password was given in this browser; null: none was, or it is too long ago.</summary>
    public EntityId? HalfSignedIn(HttpContext http, DateTimeOffset now) => http.Request.Cookies[HalfCookie] is { } half
        && secrets.Open(half, HalfContext)?.Split(' ') is [var person, var end] && now.ToUnixTimeSeconds() < long.Parse(
            end, System.Globalization.CultureInfo.InvariantCulture) ? People.PersonKind.Kind.EntityOf(person) : null;

    public void Forget(HttpContext http) => http.Response.Cookies.Delete(SessionCookie, OptionsFor(TimeSpan.Zero));

    /// <summary>A name for this browser, if the person has signed in here before; null: not that is known.</summary>
    /// <param name="person">Their id.</param>
    public string? KnownAs(HttpContext http, string? person) => person is not null && http.Request.Cookies[MarkCookie] is { } mark
        && secrets.Open(mark, MarkContext) is { } known && known.StartsWith(person + " ", StringComparison.Ordinal) ? known : null;

    private CookieOptions OptionsFor(TimeSpan age) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = IsSecure, Path = "/", MaxAge = age, IsEssential = true,
    };
}

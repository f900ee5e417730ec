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

    private bool IsSecure => options.PublicUrl.Scheme == Uri.UriSchemeHttps;

    /// <summary>The prefix makes browsers refuse one that another host has set.</summary>
    private string SessionCookie => IsSecure ? "__Host-strata-session" : "strata-session";

    private string MarkCookie => IsSecure ? "__Host-strata-browser" : "strata-browser";

    /// <returns>Null: nobody is signed in.</returns>
    public ValueTask<SignedIn?> FindAsync(HttpContext http) =>
        authenticator.FindAsync(http.Request.Cookies[SessionCookie], http.RequestAborted);

    public void Keep(HttpContext http, IssuedSession session)
    {
        http.Response.Cookies.Append(SessionCookie, session.Text, OptionsFor(SessionStore.AgeMax));
        var mark = session.Resource.Spec.Person + " " + session.Resource.Id;
        http.Response.Cookies.Append(MarkCookie, secrets.Seal(mark, MarkContext), OptionsFor(TimeSpan.FromDays(400)));
    }

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

using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Strata.Core;

namespace Strata.Identity.Passkeys;

/// <summary>What a passkey has to sign.</summary>
internal sealed record PasskeyChallenge(byte[] Bytes, DateTimeOffset MadeAt);

/// <summary>
/// Challenges that are not kept anywhere: a page carries its own, sealed, with its purpose, its end and the browser that it is for. That
/// each is used once only is up to what it is used for: see <see cref="PasskeyStore"/>. Safe for concurrent use.
/// </summary>
internal sealed class PasskeyChallenges(SealedSecrets secrets, IdentityOptions options, TimeProvider time)
{
    /// <summary>As long as people leave a page open before they go on.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private const int Bytes = 32;
    private const string Context = "passkey challenge/";
    private static readonly TimeSpan CookieLifetime = TimeSpan.FromDays(1);

    private bool IsSecure => options.PublicUrl.Scheme == Uri.UriSchemeHttps;

    private string Cookie => IsSecure ? "__Host-strata-passkey" : "strata-passkey";

    /// <param name="purpose">What a signature of it is good for, and for whom.</param>
    /// <returns>The challenge, and as the page carries it.</returns>
    public (PasskeyChallenge Challenge, string Sealed) Make(HttpContext http, string purpose)
    {
        var challenge = new PasskeyChallenge(RandomNumberGenerator.GetBytes(Bytes), time.GetUtcNow());
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{challenge.MadeAt.UtcTicks} {SecretText.HashOf(BrowserOf(http))} {Base64Url.EncodeToString(challenge.Bytes)}");
        return (challenge, secrets.Seal(text, Context + purpose));
    }

    /// <returns>Null: it is not one of ours, of another purpose or browser, or too old.</returns>
    public PasskeyChallenge? Open(HttpContext http, string? text, string purpose)
    {
        if (text is null || secrets.Open(text, Context + purpose)?.Split(' ') is not [var ticks, var browser, var bytes]) return null;
        var challenge = new PasskeyChallenge(
            Base64Url.DecodeFromChars(bytes), new DateTimeOffset(long.Parse(ticks, CultureInfo.InvariantCulture), TimeSpan.Zero));
        var isCurrent = time.GetUtcNow() - challenge.MadeAt < Lifetime;
        return isCurrent && http.Request.Cookies[Cookie] is { } known && SecretText.Matches(known, browser) ? challenge : null;
    }

    /// <summary>A name that only this browser has; it gets one with the first challenge.</summary>
    private string BrowserOf(HttpContext http)
    {
        if (http.Request.Cookies[Cookie] is { Length: > 0 } known) return known;
        if (http.Items[typeof(PasskeyChallenges)] is string made) return made;
        made = SecretText.NewSecret();
        http.Items[typeof(PasskeyChallenges)] = made;
        http.Response.Cookies.Append(Cookie, made, new CookieOptions
        {
            HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = IsSecure, Path = "/", MaxAge = CookieLifetime, IsEssential = true,
        });
        return made;
    }
}

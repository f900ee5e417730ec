using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Strata.Identity.Tokens;

/// <summary>What a request for a token says.</summary>
internal sealed record TokenRequest
{
    public const string Assertion = "client_assertion";
    public const string AssertionType = "client_assertion_type";

    public string? GrantType { get; init; }
    public string? SubjectToken { get; init; }
    public string? SubjectTokenType { get; init; }
    public string? ClientId { get; init; }
    public string? ClientSecret { get; init; }
    public string? ClientAssertion { get; init; }
    public string? ClientAssertionType { get; init; }

    /// <summary>What introspection and revocation are about.</summary>
    public string? Token { get; init; }

    public const string Credentials = "client_credentials";
    public const string Exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    public const string DeviceCode = "urn:ietf:params:oauth:grant-type:device_code";

    /// <summary>Grants of programs that people sign in to.</summary>
    public static readonly IReadOnlyList<string> OfPeople = [DeviceCode, "authorization_code", "refresh_token"];

    public const string Jwt = "urn:ietf:params:oauth:token-type:jwt";
    public const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";

    private const int BodyBytesMax = 32 * 1024;
    private const int MembersMax = 32;
    private const string Basic = "Basic ";

    /// <returns>Null if it is not a form, is too large, or has a field twice. Unknown fields, such as scope, are ignored.</returns>
    public static async ValueTask<TokenRequest?> ReadAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType || http.Request.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
            return null;
        if (http.Request.ContentLength > BodyBytesMax) return null;
        try
        {
            using var reader = new FormReader(http.Request.Body) { ValueCountLimit = MembersMax, ValueLengthLimit = BodyBytesMax,
                KeyLengthLimit = 256 };
            var form = await reader.ReadFormAsync(http.RequestAborted);
            http.Request.Form = new FormCollection(form); // for who answers other grants
            return Of(form);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Id and secret of HTTP Basic, each percent-decoded as RFC 6749 (2.3.1) has it.</summary>
    public static bool TryReadBasic(HttpContext http, [NotNullWhen(true)] out string? client, [NotNullWhen(true)] out string? secret)
    {
        (client, secret) = (null, null);
        if (http.Request.Headers.Authorization is not [{ } header] || !header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
            return false;
        var buffer = new byte[header.Length];
        if (!Convert.TryFromBase64Chars(header.AsSpan(Basic.Length).Trim(), buffer, out var length)) return false;
        var text = Encoding.UTF8.GetString(buffer.AsSpan(0, length));
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return false;
        (client, secret) = (Decode(text[..colon]), Decode(text[(colon + 1)..]));
        return true;
    }

    private static TokenRequest? Of(Dictionary<string, StringValues> form) =>
        form.Values.Any(v => v.Count > 1) ? null : new TokenRequest
        {
            GrantType = Text(form, "grant_type"), SubjectToken = Text(form, "subject_token"),
            SubjectTokenType = Text(form, "subject_token_type"), ClientId = Text(form, "client_id"),
            ClientSecret = Text(form, "client_secret"), ClientAssertion = Text(form, Assertion),
            ClientAssertionType = Text(form, AssertionType), Token = Text(form, "token"),
        };

    private static string? Text(Dictionary<string, StringValues> form, string name) =>
        form.TryGetValue(name, out var value) && value is [{ Length: > 0 } text] ? text : null;

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}

using System.Text.RegularExpressions;

namespace Strata.Core;

/// <summary>User names, passwords and tokens inside addresses. Pure; safe for concurrent use.</summary>
public static partial class UrlCredentials
{
    /// <summary>
    /// The text with the part before the "@" of each address replaced by <c>***</c>, but for the plain user name of ssh; and with values of
    /// token-like query members replaced.
    /// </summary>
    public static string Mask(string text)
    {
        if (!text.Contains("://", StringComparison.Ordinal)) return text;
        var masked = text.Contains('@') ? UserInfo()
            .Replace(text, x => IsPlainUser(x) ? x.Value : x.Groups["scheme"].Value + "***@") : text;
        return masked.Contains('?') || masked.Contains('&') ? Query().Replace(masked, "${name}=***") : masked;
    }

    private static bool IsPlainUser(Match match) =>
        match.Groups["scheme"].Value is "ssh://" && !match.Groups["user"].ValueSpan.Contains(':');

    [GeneratedRegex("(?<scheme>[A-Za-z][A-Za-z0-9+.-]{0,20}://)(?<user>[^\\s/@'\"<>]{1,2000}(?:@[^\\s/@'\"<>]{1,2000})*)@",
        RegexOptions.CultureInvariant)]
    private static partial Regex UserInfo();

    [GeneratedRegex(
        "(?<name>[?&](?:access_token|private_token|token|key|api_key|apikey|auth|password|passwd|secret|sig|signature))=[^&\\s'\"<>#]+",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Query();
}

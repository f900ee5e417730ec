using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Strata.Edge.Forwarding;
using Strata.Edge.Routing;

namespace Strata.Edge.Visits;

/// <summary>
/// What browsers keep of a sign-in: the visit, one for each route, and what shows that a code comes back to the browser that asked for it.
/// Scripts do not see them, and instances do not get them.
/// </summary>
internal static class VisitCookies
{
    private const string Prefix = "strata-visit";
    private const string Secure = "__Host-";
    private const string State = Prefix + "-state";
    private const int StateBytes = 32;

    private static readonly TimeSpan StateLifetime = TimeSpan.FromMinutes(10);

    public static string? VisitOf(Exchange x, RouteEntry route, bool isSecure) => RequestCookies.Find(x, NameOf(route.Mark, isSecure));

    /// <returns>Null: the browser has none, or not for long enough.</returns>
    public static string? StateOf(Exchange x, bool isSecure) =>
        RequestCookies.Find(x, NameOf(State, isSecure)) is { } state && Base64Url.IsValid(state, out var length) && length == StateBytes
            ? state : null;

    public static string NewState() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(StateBytes));

    /// <summary>As the cloud's page gets it: what is in addresses opens nothing.</summary>
    public static string HashOf(string state) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(state)));

    public static void SetState(Exchange x, string state, bool isSecure) => Set(x, NameOf(State, isSecure), state, StateLifetime, isSecure);

    public static void SetVisit(Exchange x, RouteEntry route, string visit, TimeSpan lifetime, bool isSecure) =>
        Set(x, NameOf(route.Mark, isSecure), visit, lifetime, isSecure);

    /// <summary>The Cookie header without these; empty: nothing is left of it.</summary>
    public static StringValues Without(StringValues cookies)
    {
        foreach (var line in cookies)
            if (line?.Contains(Prefix, StringComparison.Ordinal) == true) return WithoutOurs(cookies);
        return cookies;
    }

    /// <summary>Whether a pair of name and value is one of these.</summary>
    public static bool IsOurs(string pair) =>
        pair.StartsWith(Prefix, StringComparison.Ordinal) || pair.StartsWith(Secure + Prefix, StringComparison.Ordinal);

    private static StringValues WithoutOurs(StringValues cookies)
    {
        var others = cookies.SelectMany(line => (line ?? "").Split(';', StringSplitOptions.TrimEntries))
            .Where(pair => pair.Length > 0 && !IsOurs(pair));
        return string.Join("; ", others) is { Length: > 0 } rest ? rest : StringValues.Empty;
    }

    /// <summary>With the prefix browsers take no such cookie from another host, nor over plain HTTP.</summary>
    private static string NameOf(string of, bool isSecure)
    {
        var name = of == State ? State : $"{Prefix}-{of}";
        return isSecure ? Secure + name : name;
    }

    private static void Set(Exchange x, string name, string value, TimeSpan lifetime, bool isSecure)
    {
        var cookie = string.Create(
            CultureInfo.InvariantCulture,
            $"{name}={value}; Path=/; Max-Age={(long)lifetime.TotalSeconds}; HttpOnly; SameSite=Lax{(isSecure ? "; Secure" : "")}");
        x.Response.Headers.SetCookie = StringValues.Concat(x.Response.Headers.SetCookie, cookie);
    }
}

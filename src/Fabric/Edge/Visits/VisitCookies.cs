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
    private const int ValueMax = 2000;

    private static readonly TimeSpan StateLifetime = TimeSpan.FromMinutes(10);

    public static string? VisitOf(Exchange x, RouteEntry route, bool isSecure) => Find(x, NameOf(route.Mark, isSecure));

    /// <returns>Null: the browser has none, or not for long enough.</returns>
    public static string? StateOf(Exchange x, bool isSecure) =>
        Find(x, NameOf(State, isSecure)) is { } state && Base64Url.IsValid(state, out var length) && length == StateBytes ? state : null;

    public static string NewState() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(StateBytes));

    /// <summary>As the cloud's page gets it: what is in addresses opens nothing.</summary>
    public static string HashOf(string state) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(state)));

    public static void SetState(Exchange x, string state, bool isSecure) => Set(x, NameOf(State, isSecure), state, StateLifetime, isSecure);

    public static void SetVisit(Exchange x, string mark, string visit, TimeSpan lifetime, bool isSecure) =>
        Set(x, NameOf(mark, isSecure), visit, lifetime, isSecure);

    /// <summary>The Cookie header without these.</summary>
    public static StringValues Without(StringValues cookies)
    {
        if (!cookies.Any(line => line?.Contains(Prefix, StringComparison.Ordinal) == true)) return cookies;
        return string.Join("; ", cookies.SelectMany(line => (line ?? "").Split(';', StringSplitOptions.TrimEntries)).Where(pair =>
            !pair.StartsWith(Prefix, StringComparison.Ordinal) && !pair.StartsWith(Secure + Prefix, StringComparison.Ordinal)));
    }

    /// <summary>With the prefix browsers take no such cookie from another host, nor over plain HTTP.</summary>
    private static string NameOf(string of, bool isSecure)
    {
        var name = of == State ? State : $"{Prefix}-{of}";
        return isSecure ? Secure + name : name;
    }

    private static string? Find(Exchange x, string name)
    {
        foreach (var line in x.Request.Headers.Cookie)
        {
            foreach (var range in line.AsSpan().Split(';'))
            {
                var pair = line.AsSpan(range).Trim();
                if (pair.Length > name.Length + 1 && pair.Length < ValueMax && pair.StartsWith(name) && pair[name.Length] == '=')
                    return pair[(name.Length + 1)..].ToString();
            }
        }
        return null;
    }

    private static void Set(Exchange x, string name, string value, TimeSpan lifetime, bool isSecure)
    {
        var cookie = string.Create(
            CultureInfo.InvariantCulture,
            $"{name}={value}; Path=/; Max-Age={(long)lifetime.TotalSeconds}; HttpOnly; SameSite=Lax{(isSecure ? "; Secure" : "")}");
        x.Response.Headers.SetCookie = StringValues.Concat(x.Response.Headers.SetCookie, cookie);
    }
}

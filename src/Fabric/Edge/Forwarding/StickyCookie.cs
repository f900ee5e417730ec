using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Strata.Edge.Routing;

namespace Strata.Edge.Forwarding;

/// <summary>
/// Leads a client to the instance that has answered it before, by a cookie of the session. The cookie names an instance by a part of the
/// digest of its id: who has it may choose among a deployment's instances, and nothing else.
/// </summary>
internal static class StickyCookie
{
    private const string Name = "strata-instance";

    private static readonly SearchValues<char> PathChars =
        SearchValues.Create("/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <returns>Null: it has none, or one of an instance that has gone or rests.</returns>
    public static (RouteTarget Target, InstanceState Instance)? Find(Exchange x, RouteEntry route) =>
        RequestCookies.Find(x, Name) is { Length: CookieMark.Length } mark ? route.Find(mark) : null;

    /// <summary>Has the client come back to the instance that answers it now.</summary>
    public static void Set(Exchange x, InstanceState instance, bool isSecure)
    {
        if (x.Sticky == instance) return;
        // A path with characters that mean something in a cookie would add to it.
        var prefix = x.Route!.Prefix;
        var path = prefix.Length == 0 || prefix.AsSpan().ContainsAnyExcept(PathChars) ? "/" : prefix;
        var cookie = $"{Name}={instance.Mark}; Path={path}; HttpOnly; SameSite=Lax{(isSecure ? "; Secure" : "")}";
        x.Response.Headers.SetCookie = StringValues.Concat(x.Response.Headers.SetCookie, cookie);
    }
}

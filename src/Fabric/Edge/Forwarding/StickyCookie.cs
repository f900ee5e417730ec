using System.Globalization;
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

    /// <returns>Null: it has none, or one of an instance that has gone or rests.</returns>
    public static (RouteTarget Target, InstanceState Instance)? Find(Exchange x, RouteEntry route)
    {
        foreach (var line in x.Request.Headers.Cookie)
        {
            foreach (var range in line.AsSpan().Split(';'))
            {
                if (ValueOf(line.AsSpan(range)) is { IsEmpty: false } mark && route.Find(mark) is { } found) return found;
            }
        }
        return null;
    }

    /// <summary>Has the client come back to the instance that answers it now.</summary>
    public static void Set(Exchange x, InstanceState instance)
    {
        if (x.Sticky == instance) return;
        var path = x.Route!.Prefix.Length == 0 ? "/" : x.Route.Prefix;
        var cookie = string.Create(
            CultureInfo.InvariantCulture, $"{Name}={instance.Mark}; Path={path}; HttpOnly; SameSite=Lax{(x.Tls is null ? "" : "; Secure")}");
        x.Response.Headers.SetCookie = StringValues.Concat(x.Response.Headers.SetCookie, cookie);
    }

    private static ReadOnlySpan<char> ValueOf(ReadOnlySpan<char> pair)
    {
        pair = pair.Trim();
        return pair.Length == Name.Length + 1 + InstanceState.MarkLength && pair.StartsWith(Name) && pair[Name.Length] == '='
            ? pair[(Name.Length + 1)..] : default;
    }
}

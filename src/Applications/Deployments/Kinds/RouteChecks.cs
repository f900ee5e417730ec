using System.Buffers;
using System.Net;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Deployments.Kinds;

/// <summary>The rules of what a route does to requests and answers.</summary>
internal static class RouteChecks
{
    private const int HeadersMax = 20;
    private const int NetworksMax = 100;
    private const int TextMax = 1000;

    private static readonly SearchValues<char> NameChars =
        SearchValues.Create("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>What frames an answer, and what the edge says itself.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Content-Length", "Content-Encoding", "Content-Type", "Date", "Keep-Alive", "Location", "Proxy-Authenticate",
        "Set-Cookie", "Strict-Transport-Security", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "X-Request-Id", "X-Strata-Error",
    };

    public static IEnumerable<ValidationError> Check(RouteSpec spec)
    {
        if (spec.Headers is { } headers)
        {
            if (headers.Count > HeadersMax) yield return new("headers", $"It takes at most {HeadersMax}.");
            foreach (var (name, value) in headers)
            {
                if (name.Length is 0 or > 100 || name.AsSpan().ContainsAnyExcept(NameChars) || Reserved.Contains(name))
                    yield return new("headers", $"\"{name.Shortened(100)}\" is not a name that a route may set.");
                else if (value is not { Length: <= TextMax } || value.Any(c => c is < ' ' or > '~'))
                    yield return new("headers", $"The value of {name} takes at most {TextMax} visible characters of ASCII.");
            }
        }
        if (spec.AllowFrom is { } networks)
        {
            if (networks.Count is 0 or > NetworksMax) yield return new("allowFrom", $"It takes 1 to {NetworksMax} networks.");
            if (!networks.All(n => IPNetwork.TryParse(n, out var network) ? !network.BaseAddress.IsIPv4MappedToIPv6
                : IPAddress.TryParse(n, out var address) && !address.IsIPv4MappedToIPv6))
                yield return new("allowFrom", "Each is an address or a network, such as 10.1.0.0/16.");
        }
        if (spec.Maintenance is { } sentence && (sentence.Length is 0 or > TextMax || sentence.Any(char.IsControl)))
            yield return new("maintenance", $"It is a sentence of at most {TextMax} characters.");
    }
}

using System.Buffers;
using System.Net;
using System.Text.RegularExpressions;
using Strata.Contracts;
using Strata.Core;
using static Strata.Deployments.Kinds.DeploymentChecks;

namespace Strata.Deployments.Kinds;

/// <summary>The rules of routes' specs, beyond their shape.</summary>
internal static partial class RouteChecks
{
    private const int HeadersMax = 20;
    private const int NetworksMax = 100;
    private const int SentenceMax = 1000;

    private static readonly SearchValues<char> NameChars =
        SearchValues.Create("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>What frames an answer, and what the edge says itself.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Content-Length", "Content-Encoding", "Content-Type", "Date", "Keep-Alive", "Location", "Proxy-Authenticate",
        "Set-Cookie", "Strict-Transport-Security", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "X-Request-Id", "X-Strata-Error",
    };

    public static IReadOnlyList<ValidationError> Check(RouteSpec spec) =>
    [
        .. Target(spec),
        .. spec.Host is { Length: <= 253 } host && Host().IsMatch(host) && !IPAddress.TryParse(host, out _)
        ? [] : Fault("host", "It must be a host name in lower case without a port, not an address, for example shop.example.org."),
        .. spec.Path is { Length: <= TextCharsMax } path && Path().IsMatch(path)
        ? [] : Fault("path", "It must start with \"/\" and hold only what a URL's path may hold."),
        .. spec.Limits is { } limits ? Limits(limits) : [],
        .. Headers(spec.Headers ?? new Dictionary<string, string>()),
        .. spec is { SignIn: true, Api: true } ? Fault("signIn", "The API asks who its callers are by itself.")
            : spec is { SignIn: true, RedirectTo: not null } ? Fault("signIn", "A redirect is for everyone: set it where that leads.") : [],
        .. spec.AllowFrom is { } networks ? Networks(networks) : [],
        .. spec.Maintenance is { } sentence && (sentence.Length is 0 or > SentenceMax || sentence.Any(char.IsControl))
        ? Fault("maintenance", $"It is a sentence of at most {SentenceMax} characters.") : [],
        .. spec.Https?.HstsSeconds is { } hsts ? Range("https.hstsSeconds", hsts, 0, 2 * 365 * 24 * 3600) : [],
    ];

    private static IEnumerable<ValidationError> Target(RouteSpec spec)
    {
        if (!spec.Api && spec.RedirectTo is null) return Required("deployment", spec.Deployment);
        if (spec.Deployment is not null || (spec.Api && spec.RedirectTo is not null))
            return Fault("deployment", "A host leads to a deployment, to the API or to another address, and not to two of them.");
        if (spec.Api) return spec.Path == "/" ? [] : Fault("path", "The API has a host of its own: leave the path out.");
        var isAddress = spec.RedirectTo!.Length <= TextCharsMax && Uri.TryCreate(spec.RedirectTo, UriKind.Absolute, out var to)
            && to is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" } && spec.RedirectTo.All(c => c is > ' ' and <= '~')
            && to.Host != spec.Host;
        return isAddress ? [] : Fault("redirectTo", "It is an address of another host without a query, such as https://example.com.");
    }

    /// <summary>Who has the API's address sees what its callers send.</summary>
    public static IReadOnlyList<ValidationError> CheckForOthers(RouteSpec spec) =>
        spec.Api ? [new ValidationError("api", "Only an operator of the cloud may lead a host to its API.")] : [];

    private static IEnumerable<ValidationError> Limits(RouteLimits limits) =>
    [
        .. Range("limits.connectSeconds", limits.ConnectSeconds ?? 1, 1, 60),
        .. Range("limits.holdSeconds", limits.HoldSeconds ?? 0, 0, 60),
        .. Range("limits.firstByteSeconds", limits.FirstByteSeconds ?? 1, 1, 3600),
        .. Range("limits.idleSeconds", limits.IdleSeconds ?? 1, 1, 24 * 3600),
        .. Range("limits.streamIdleSeconds", limits.StreamIdleSeconds ?? 1, 1, 7 * 24 * 3600),
        .. Range("limits.bodyBytesMax", limits.BodyBytesMax ?? 0, 0, 1L << 40),
        .. Range("limits.requestsPerInstance", limits.RequestsPerInstance ?? 1, 1, 16_384),
        .. Range("limits.streamsPerInstance", limits.StreamsPerInstance ?? 0, 0, 16_384),
    ];

    private static IEnumerable<ValidationError> Headers(IReadOnlyDictionary<string, string> headers)
    {
        if (headers.Count > HeadersMax) yield return new("headers", $"It takes at most {HeadersMax}.");
        foreach (var (name, value) in headers)
        {
            if (name.Length is 0 or > 100 || name.AsSpan().ContainsAnyExcept(NameChars) || Reserved.Contains(name))
                yield return new("headers", $"\"{name.Shortened(100)}\" is not a name that a route may set.");
            else if (value is not { Length: <= SentenceMax } || value.Any(c => c is < ' ' or > '~'))
                yield return new("headers", $"The value of {name} takes at most {SentenceMax} visible characters of ASCII.");
        }
    }

    private static IEnumerable<ValidationError> Networks(IReadOnlyList<string> networks)
    {
        if (networks.Count is 0 or > NetworksMax) yield return new("allowFrom", $"It takes 1 to {NetworksMax} networks.");
        if (!networks.All(n => IPNetwork.TryParse(n, out var network) ? !network.BaseAddress.IsIPv4MappedToIPv6
            : IPAddress.TryParse(n, out var address) && !address.IsIPv4MappedToIPv6))
            yield return new("allowFrom", "Each is an address or a network, such as 10.1.0.0/16.");
    }

    [GeneratedRegex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\\z")]
    private static partial Regex Host();

    [GeneratedRegex("^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*\\z")]
    private static partial Regex Path();
}

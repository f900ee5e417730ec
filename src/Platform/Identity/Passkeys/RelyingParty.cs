using System.Net;
using Microsoft.AspNetCore.Http;

namespace Strata.Identity.Passkeys;

/// <summary>
/// As what browsers know this cloud when they make and use passkeys (WebAuthn's relying party); it follows from the public address.
/// Browsers bind passkeys to a name and want an encrypted connection, but for localhost. Immutable.
/// </summary>
internal sealed class RelyingParty
{
    private const string Localhost = "localhost";

    private readonly Uri url;
    private readonly bool isLoopback;

    public RelyingParty(IdentityOptions options)
    {
        url = options.PublicUrl;
        isLoopback = IsAddress(url.Host, out var address) && IPAddress.IsLoopback(address);
        Id = isLoopback ? Localhost : url.HostNameType == UriHostNameType.Dns && (url.Scheme == Uri.UriSchemeHttps || IsLocal(url.Host))
            ? url.IdnHost : null;
        Origin = new UriBuilder(url) { Host = Id ?? url.Host }.Uri.GetLeftPart(UriPartial.Authority);
    }

    /// <summary>The name that passkeys are bound to; null: there can be none at this address.</summary>
    public string? Id { get; }

    /// <summary>Where the pages must have been opened.</summary>
    public string Origin { get; }

    /// <summary>Why a page cannot offer passkeys, and what to do, as sentences; null: it can.</summary>
    public string? FaultFor(HttpContext http)
    {
        if (Id is null)
            return $"Passkeys need an address that has a name and begins with https://. This cloud's is {url.GetLeftPart(UriPartial.Authority)}: "
                + "the one who runs it can change it with strata up --public-url https://NAME.";
        return isLoopback && IsAddress(http.Request.Host.Host, out _)
            ? $"Browsers bind passkeys to a name, and this page was opened by a number. Open {Origin}/account instead." : null;
    }

    private static bool IsAddress(string host, out IPAddress address) => IPAddress.TryParse(host.Trim('[', ']'), out address!);

    private static bool IsLocal(string host) =>
        host.Equals(Localhost, StringComparison.OrdinalIgnoreCase) || host.EndsWith("." + Localhost, StringComparison.OrdinalIgnoreCase);
}

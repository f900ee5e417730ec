using Strata.Core;

namespace Strata.Contracts;

/// <summary>
/// A certificate by which the edges serve hosts over HTTPS. Kind <c>certificate</c>, project scope. The cloud makes one for each host that
/// a project has claimed and renews it; a user may bring one, which is served instead. The private key is shown to no one; edges get it.
/// </summary>
public sealed record CertificateSpec
{
    /// <summary>The hosts that it is to be for; of one's own certificate empty: those that it says itself.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Whether a user brought it. The cloud does not renew such a one.</summary>
    public bool Own { get; init; }

    /// <summary>Whether it may serve the host of the cloud's API too, as no other that users bring. Operators say so.</summary>
    public bool Api { get; init; }
}

public sealed record CertificateStatus
{
    /// <summary>The hosts that it covers; <c>*.example.com</c> is all names with one label more. Empty: none has been issued yet.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>SHA-256 of the certificate, in hex; null: none has been issued yet.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Name of the issuer that signed it; null for one's own.</summary>
    public string? Issuer { get; init; }

    /// <summary>Whether browsers can be expected to trust it: not where the cloud's own authority signed it.</summary>
    public bool IsPublic { get; init; }

    public DateTimeOffset? NotBefore { get; init; }
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>When it is renewed; null: it is not.</summary>
    public DateTimeOffset? RenewAt { get; init; }

    /// <summary>In PEM, the host's own first, then those that lead to the authority.</summary>
    public string? Chain { get; init; }

    /// <summary>In PKCS #8 and base64, sealed.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>When it was last asked for; null: never.</summary>
    public DateTimeOffset? AttemptedAt { get; init; }

    /// <summary>Failed attempts since the last that succeeded.</summary>
    public int Failures { get; init; }

    /// <summary>Names of the issuers that failed; another one may be asked before <see cref="RetryAt"/>.</summary>
    public IReadOnlyList<string> Tried { get; init; } = [];

    /// <summary>Not tried again before; null: there is nothing to wait for.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Why the last attempt failed, or what is about to happen; null when all is well.</summary>
    public string? Message { get; init; }
}

/// <summary>What certificates are for.</summary>
public static class CertificateHosts
{
    /// <summary>The hosts that it covers; where none has been issued yet, those that it is to be for.</summary>
    public static IReadOnlyList<string> Of(Resource<CertificateSpec, CertificateStatus> certificate) =>
        certificate.Status.Hosts.Count > 0 ? certificate.Status.Hosts : certificate.Spec.Hosts;

    /// <summary>Whether a name in a certificate is the host's, or that of all with one label more (<c>*.example.com</c>).</summary>
    public static bool Covers(ReadOnlySpan<char> name, ReadOnlySpan<char> host) =>
        name.Equals(host, StringComparison.OrdinalIgnoreCase)
        || (name.StartsWith("*.") && host.IndexOf('.') is > 0 and var dot
            && host[(dot + 1)..].Equals(name[2..], StringComparison.OrdinalIgnoreCase));
}

/// <summary>States of a certificate.</summary>
public static class CertificateStates
{
    /// <summary>None has been issued yet.</summary>
    public const string Pending = "PENDING";

    /// <summary>The edges serve it.</summary>
    public const string Ready = "READY";

    /// <summary>None could be issued, or it has expired; it is tried again.</summary>
    public const string Failed = "FAILED";
}

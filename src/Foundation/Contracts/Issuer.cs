namespace Strata.Contracts;

/// <summary>
/// Who signs certificates. Kind <c>issuer</c>, platform scope. <c>internal</c> is the cloud's own authority, which is always there and
/// signs for local names; the others are authorities on the internet that speak ACME (RFC 8555), such as Let's Encrypt.
/// </summary>
public sealed record IssuerSpec
{
    /// <summary>Address of the ACME directory; null for <c>internal</c> alone.</summary>
    public string? Directory { get; init; }

    /// <summary>Where the authority writes to; null: nowhere.</summary>
    public string? Email { get; init; }

    /// <summary>Whether the operator agrees to the authority's terms of service; it issues nothing otherwise.</summary>
    public bool AgreesToTerms { get; init; }

    /// <summary>The lowest is asked first; the next one when it fails.</summary>
    public int Order { get; init; } = DefaultOrder;

    /// <summary>
    /// Certificates in PEM by which the directory's own HTTPS is trusted, beside the machine's; null: the machine's alone.
    /// </summary>
    public string? Roots { get; init; }

    /// <summary>
    /// Whether browsers trust what it signs, so that requests over HTTP are sent to HTTPS; null: unless <see cref="Roots"/> are given.
    /// </summary>
    public bool? Trusted { get; init; }

    /// <summary>
    /// How hosts are proven to be ours: <c>http-01</c>, by the edges, or <c>dns-01</c>, by the program of the servers' setting dns-hook.
    /// </summary>
    public string Challenge { get; init; } = IssuerChallenges.Http;

    public const int DefaultOrder = 100;

    /// <summary>The name of the cloud's own.</summary>
    public const string Internal = "internal";
}

public sealed record IssuerStatus
{
    /// <summary>Of <c>internal</c>: its certificate in PEM, which those install who are to trust it.</summary>
    public string? Certificate { get; init; }

    /// <summary>Of <c>internal</c> what it signs with, of an ACME issuer the account's key: PKCS #8 in base64, sealed.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>Address of the account at the authority.</summary>
    public string? Account { get; init; }

    /// <summary>Where the account says to write to; null: nowhere.</summary>
    public string? Email { get; init; }

    /// <summary>Of the account's key (RFC 7638): with it an edge answers the authority's questions about hosts (HTTP-01).</summary>
    public string? Thumbprint { get; init; }

    /// <summary>Why it is not ready; null when all is well.</summary>
    public string? Message { get; init; }
}

/// <summary>How an issuer has hosts proven (RFC 8555 §8).</summary>
public static class IssuerChallenges
{
    public const string Http = "http-01";
    public const string Dns = "dns-01";
}

/// <summary>States of an issuer.</summary>
public static class IssuerStates
{
    /// <summary>It is being set up: its key is made, its account registered.</summary>
    public const string Pending = "PENDING";

    public const string Ready = "READY";

    /// <summary>Its account could not be registered; it is tried again.</summary>
    public const string Failed = "FAILED";
}

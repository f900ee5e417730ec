namespace Strata.Certificates;

/// <summary>Settings of this module.</summary>
public sealed record CertificateOptions
{
    /// <summary>Program that sets and removes DNS records for issuers that prove by DNS; null: this server has none.</summary>
    public string? DnsHook { get; init; }
}

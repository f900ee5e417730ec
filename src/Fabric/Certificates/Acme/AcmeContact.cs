namespace Strata.Certificates.Acme;

/// <summary>Who registers an account.</summary>
/// <param name="Email">Where the certificate authority may write to; null: nowhere.</param>
/// <param name="AgreesToTerms">To the terms of service that the directory names. Without it no account is registered.</param>
/// <param name="ExternalAccount">The account at the certificate authority; null where it asks for none.</param>
internal sealed record AcmeContact(string? Email, bool AgreesToTerms, AcmeExternalAccount? ExternalAccount = null);

/// <summary>Binds an ACME account to one that the certificate authority knows already (RFC 8555 section 7.3.4).</summary>
/// <param name="HmacKey">A secret: base64url, as the certificate authority shows it.</param>
internal sealed record AcmeExternalAccount(string KeyId, string HmacKey)
{
    /// <summary>Without the secret: records are written to logs.</summary>
    public override string ToString() => $"{nameof(AcmeExternalAccount)} {KeyId}";
}

namespace Strata.Certificates.Acme;

/// <summary>A certificate that was issued and checked.</summary>
/// <param name="ChainPem">The leaf and what certifies it, in this order, without the root: only CERTIFICATE blocks.</param>
/// <param name="NotAfter">The first instant at which it is no longer valid, in whole seconds.</param>
internal sealed record AcmeCertificate(string ChainPem, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>When the certificate authority wants a certificate renewed (RFC 9773): at a random time within the window.</summary>
/// <param name="End">After <paramref name="Start"/>.</param>
/// <param name="Explanation">A page for people that says why, for example an incident; null most of the time.</param>
/// <param name="AskAgainAfter">From now on, 1 minute to 1 day: the window may move.</param>
internal sealed record AcmeRenewal(DateTimeOffset Start, DateTimeOffset End, Uri? Explanation, TimeSpan AskAgainAfter);

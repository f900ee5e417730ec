using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>Proves control of names.</summary>
internal interface IAcmeSolver
{
    /// <summary>
    /// The challenge types it can satisfy for this name, best first: constants of <see cref="AcmeChallenge"/>. Empty: none.
    /// </summary>
    /// <param name="name">As it was ordered: a wildcard name with its "*.".</param>
    IReadOnlyList<string> TypesFor(string name);

    /// <summary>
    /// Makes the proof visible to the certificate authority; when it returns, the proof can be looked up. All challenges of an order are
    /// presented before the first is withdrawn. A name and its wildcard share one DNS name, which must then have both values.
    /// </summary>
    Task<Result<Done>> PresentAsync(AcmeChallenge challenge, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the proof away, however the order ended. Called once for each challenge whose presentation began, also where it failed. What
    /// it throws is ignored, because a certificate may already be issued: the solver logs its own failures.
    /// </summary>
    Task WithdrawAsync(AcmeChallenge challenge, CancellationToken cancellationToken);
}

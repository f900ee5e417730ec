using System.Security.Cryptography;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Controllers;
using Strata.Resources.Hosts;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Issuing;

/// <summary>
/// Sees to it that each host that a project has claimed has a certificate: creates what is missing, which
/// <see cref="CertificateController"/> then has issued.
/// </summary>
internal sealed class HostsController(
    ResourceStore<CertificateSpec, CertificateStatus> certificates, Informer<CertificateSpec, CertificateStatus> view,
    Informer<HostClaimSpec, Nothing> claims, InformerHub informers) : Controller<HostClaimSpec, Nothing>
{
    private const int RandomCharacters = 16;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    public override string Name => "certificates-of-hosts";

    public override Kind<HostClaimSpec, Nothing> Kind => HostClaimKind.Kind;

    public override TimeSpan Period => TimeSpan.FromMinutes(10);

    /// <summary>One that was deleted is made again while its host is claimed.</summary>
    public override IReadOnlyList<Related> Related => [new(CertificateKinds.Certificate, change =>
        change.Deleted ? CertificateKinds.MadeByHost.KeysOf(change).SelectMany(ClaimsOf).Select(c => new ResourceKey(TenantId.Platform, c))
            : [])];

    public override async Task<TimeSpan?> ReconcileAsync(Resource<HostClaimSpec, Nothing> resource, CancellationToken cancellationToken)
    {
        var claim = resource.Spec;
        if (!TenantId.TryParse(claim.Org, out var tenant)) return null;
        // Certificates are in the organization's log, and claims in the cloud's: a look may come before what the last one made.
        await informers.CatchUpAsync(tenant, cancellationToken);
        if (view.Find(CertificateKinds.MadeByHost, tenant, claim.Host).Any(c => IsFor(c, claim))) return null;
        foreach (var distinct in new[] { "", claim.Project, RandomNumberGenerator.GetHexString(RandomCharacters) })
        {
            var name = ResourceName.Of(claim.Host, claim.Host + distinct);
            var made = await certificates.CreateAsync(CallerIn(tenant), new NewResource<CertificateSpec>
            {
                Name = name, Project = claim.Project, Spec = new CertificateSpec { Hosts = [claim.Host] },
            }, null, cancellationToken);
            if (made.IsOk) return null;
            if (made.Error.Code != ResourceErrors.NameTakenCode) return Unmade(made.Error);
            // One of a user's, perhaps, or of the former owner's certificate, which ends soon; or it is there already.
            var holder = await certificates.GetAsync(CallerIn(tenant), name, AsOf.Latest, cancellationToken);
            if (holder.IsOk && IsFor(holder.Value, claim)) return null;
        }
        return null;
    }

    /// <summary>A project that is being deleted takes nothing in: its claims end with it, or the deletion is refused.</summary>
    private static TimeSpan? Unmade(Error error) =>
        error.Retryable || error.Kind is not (ErrorKind.NotFound or ErrorKind.Conflict) ? throw error.ToException() : Soon;

    /// <summary>One of another project of the organization was for the host's former owner.</summary>
    private static bool IsFor(Resource<CertificateSpec, CertificateStatus> certificate, HostClaimSpec claim) =>
        !certificate.Spec.Own && certificate.Project == claim.Project && certificate.Spec.Hosts.Contains(claim.Host);

    private IEnumerable<EntityId> ClaimsOf(string host) =>
        claims.Untyped.Find(CertificateKinds.ClaimsByHost, TenantId.Platform, host).Select(c => c.Id);
}

using System.Security.Cryptography;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
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
    Informer<HostClaimSpec, Nothing> claims) : Controller<HostClaimSpec, Nothing>
{
    private const int RandomCharacters = 16;

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
        // One of another project of the organization was for the host's former owner.
        if (!TenantId.TryParse(claim.Org, out var tenant)
            || view.Find(CertificateKinds.MadeByHost, tenant, claim.Host).Any(c => c.Project == claim.Project)) return null;
        foreach (var distinct in new[] { "", claim.Project, RandomNumberGenerator.GetHexString(RandomCharacters) })
        {
            var made = await certificates.CreateAsync(CallerIn(tenant), new NewResource<CertificateSpec>
            {
                Name = ResourceName.Of(claim.Host, claim.Host + distinct), Project = claim.Project,
                Spec = new CertificateSpec { Hosts = [claim.Host] },
            }, null, cancellationToken);
            if (made.IsOk) return null;
            // The name is one of a user's, perhaps, or of the former owner's certificate, which ends soon.
            if (made.Error.Code == ResourceErrors.NameTakenCode) continue;
            // A project that is being deleted takes nothing in; its claims end with it.
            return made.Error.Kind is ErrorKind.NotFound or ErrorKind.Conflict ? null : throw made.Error.ToException();
        }
        return null;
    }

    private IEnumerable<EntityId> ClaimsOf(string host) =>
        claims.Untyped.Find(CertificateKinds.ClaimsByHost, TenantId.Platform, host).Select(c => c.Id);
}

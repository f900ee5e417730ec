using System.Security.Cryptography;
using System.Text;
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
/// Sees to it that each host that a project has claimed has a certificate: creates what is missing, which <see
/// cref="CertificateController"/> then has issued.
/// </summary>
internal sealed class HostsController(
    ResourceStore<CertificateSpec, CertificateStatus> certificates, Informer<HostClaimSpec, Nothing> claims)
    : Controller<HostClaimSpec, Nothing>
{
    private const int HashCharacters = 8;

    public override string Name => "certificates-of-hosts";

    public override Kind<HostClaimSpec, Nothing> Kind => HostClaimKind.Kind;

    public override TimeSpan Period => TimeSpan.FromMinutes(10);

    /// <summary>One that was deleted is made again while its host is claimed.</summary>
    public override IReadOnlyList<Related> Related => [new(CertificateKinds.Certificate, change =>
        change.Deleted ? HostsOf(change).SelectMany(ClaimsOf).Select(c => new ResourceKey(TenantId.Platform, c)) : [])];

    public override async Task<TimeSpan?> ReconcileAsync(Resource<HostClaimSpec, Nothing> resource, CancellationToken cancellationToken)
    {
        var claim = resource.Spec;
        if (!TenantId.TryParse(claim.Org, out var tenant)) return null;
        var caller = CallerIn(tenant);
        var found = await certificates.GetAsync(caller, NameOf(claim.Host), AsOf.Latest, cancellationToken);
        if (found.IsOk && found.Value.Project == claim.Project) return null;
        if (!found.IsOk && found.Error.Kind != ErrorKind.NotFound) throw found.Error.ToException();
        // The host has moved to another project of the organization: its certificate is the former one's.
        if (found.IsOk) await certificates.DeleteAsync(caller, found.Value.Id, null, cancellationToken);
        var made = await certificates.CreateAsync(caller, new NewResource<CertificateSpec>
        {
            Name = NameOf(claim.Host), Project = claim.Project, Spec = new CertificateSpec { Hosts = [claim.Host] },
        }, null, cancellationToken);
        // A project that is being deleted takes nothing in; its claims end with it.
        if (!made.IsOk && made.Error.Kind is not (ErrorKind.NotFound or ErrorKind.Conflict)) throw made.Error.ToException();
        return null;
    }

    /// <summary>Readable, and no two hosts have the same: <c>shop.example.com</c> is <c>shop-example-com-a379a6f6</c>.</summary>
    internal static string NameOf(string host)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(host)))[..HashCharacters];
        var text = host.Replace('.', '-').Replace("*-", "", StringComparison.Ordinal);
        if (!char.IsAsciiLetterLower(text[0])) text = "h-" + text;
        return text.Start(ResourceName.LengthMax - HashCharacters - 1).TrimEnd('-') + "-" + hash;
    }

    private static IEnumerable<string> HostsOf(Strata.Entities.Log.EntityRevision certificate)
    {
        using var json = certificate.Document.Parse();
        return json.RootElement.TryGetProperty("spec", out var spec) && spec.TryGetProperty("hosts", out var hosts)
            ? [.. hosts.EnumerateArray().Select(h => h.GetString() ?? "")] : [];
    }

    private IEnumerable<EntityId> ClaimsOf(string host) =>
        claims.Untyped.Find(CertificateKinds.ClaimsByHost, TenantId.Platform, host).Select(c => c.Id);
}

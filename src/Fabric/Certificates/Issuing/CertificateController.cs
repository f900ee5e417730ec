using System.Collections.Concurrent;
using System.Globalization;
using Strata.Certificates.Acme;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Controllers;
using Strata.Resources.Hosts;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Issuing;

/// <summary>
/// Has certificates issued and renewed, by the issuer that fits the host, and deletes those that nothing needs any more. A failure is not
/// tried again at once: public authorities allow a host few of them an hour.
/// </summary>
internal sealed class CertificateController(
    ResourceStore<CertificateSpec, CertificateStatus> certificates, ResourceStore<ProjectSpec, Nothing> projects,
    Informer<HostClaimSpec, Nothing> claims, Informer<CertificateSpec, CertificateStatus> view, Issuers issuers, SealedSecrets secrets,
    TimeProvider time) : Controller<CertificateSpec, CertificateStatus>
{
    private const int MessageMax = 1000;
    private const int ForgottenMax = 1000;

    /// <summary>Five failed validations of a host in an hour are what Let's Encrypt allows.</summary>
    private static readonly TimeSpan[] Pauses =
        [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(20), TimeSpan.FromHours(1), TimeSpan.FromHours(4),
            TimeSpan.FromHours(12)];

    private static readonly TimeSpan AdvicePeriod = TimeSpan.FromHours(6);

    /// <summary>When to ask the authority again about a certificate.</summary>
    private readonly ConcurrentDictionary<string, DateTimeOffset> advice = new(StringComparer.Ordinal);

    public override string Name => "certificates";

    public override Kind<CertificateSpec, CertificateStatus> Kind => CertificateKinds.Certificate;

    public override TimeSpan Period => TimeSpan.FromMinutes(10);

    public override IReadOnlyList<Related> Related =>
    [
        new(HostClaimKind.Kind, OfClaim),
        // One that has become ready takes over hosts whose certificate is another's, or failed.
        new(CertificateKinds.Issuer, _ => view.Untyped.All(null).Select(c => new ResourceKey(c.Tenant, c.Id))),
        new(ProjectKind.Kind, change => change.Deleted ? OfProject(change) : []),
    ];

    public override async Task<TimeSpan?> ReconcileAsync(
        Resource<CertificateSpec, CertificateStatus> resource, CancellationToken cancellationToken)
    {
        if (!TenantId.TryParse(resource.Org, out var tenant)) return null;
        var caller = CallerIn(tenant);
        if (await IsOfNoProjectAsync(caller, resource, cancellationToken) || IsUnneeded(resource))
        {
            advice.TryRemove(resource.Id, out _);
            await certificates.DeleteAsync(caller, resource.Id, new Revision(resource.Revision), cancellationToken);
            return null;
        }
        var now = time.GetUtcNow();
        var status = resource.Status;
        var isExpired = status.NotAfter <= now;
        if (resource.Spec.Own) return isExpired ? await ExpireAsync(caller, resource, cancellationToken) : Until(status.NotAfter);
        var wanted = issuers.For(resource.Spec.Hosts);
        var isAsked = resource.Transition == CertificateKinds.Renew;
        if (!isAsked && status.Fingerprint is not null && status.RenewAt > now && wanted.Any(i => i.Name == status.Issuer))
            return await AskAdviceAsync(caller, resource, wanted.First(i => i.Name == status.Issuer), cancellationToken);
        if (!isAsked && status.RetryAt is { } retry && retry > now && !(isExpired && resource.State == CertificateStates.Ready))
            return Until(retry);
        var ready = wanted.Where(Issuers.IsReady).ToList();
        // It changes as soon as it is ready, which wakes this controller.
        return ready.Count == 0 ? await WaitAsync(caller, resource, wanted, cancellationToken)
            : await IssueAsync(caller, resource, ready, cancellationToken);
    }

    /// <summary>That no issuer is ready is no failed attempt: no one was asked.</summary>
    private async Task<TimeSpan?> WaitAsync(
        Caller caller, Resource<CertificateSpec, CertificateStatus> resource, IReadOnlyList<Resource<IssuerSpec, IssuerStatus>> wanted,
        CancellationToken cancellationToken)
    {
        var why = wanted[0].Status.Message is { } fault ? $": {fault}" : ".";
        var message = $"It waits for the issuer {wanted[0].Name}, which is not ready{why}";
        if (resource.Status.Message != message)
            Check(await certificates.ChangeAsync(
                caller, resource.Id, now => now with { Status = now.Status with { Message = message } }, null, null, cancellationToken));
        return null;
    }

    private async Task<TimeSpan?> IssueAsync(
        Caller caller, Resource<CertificateSpec, CertificateStatus> resource, IReadOnlyList<Resource<IssuerSpec, IssuerStatus>> wanted,
        CancellationToken cancellationToken)
    {
        Error? failure = null;
        foreach (var issuer in wanted)
        {
            var issued = await issuers.IssueAsync(issuer, resource.Spec.Hosts, cancellationToken);
            if (!issued.TryGet(out var certificate, out var error))
            {
                failure = error with { Message = $"{issuer.Name}: {error.Message}" };
                continue;
            }
            var key = secrets.Seal(certificate.PrivateKey, CertificateKinds.KeyContextOf(resource.Id));
            var status = certificate.ToStatus(issuer.Name, issuer.Spec.Directory is not null, key);
            Check(await certificates.ChangeAsync(
                caller, resource.Id, now => now with { Status = status }, CertificateKinds.Issue, null, cancellationToken));
            return Until(status.RenewAt);
        }
        return await FailAsync(caller, resource, failure!, cancellationToken);
    }

    /// <summary>
    /// Authorities may want a certificate renewed early, because they revoke it, or later than others, to spread their load. Each is asked
    /// about four times a day; the first time at a random moment, so that not all are asked at the start.
    /// </summary>
    private async Task<TimeSpan?> AskAdviceAsync(
        Caller caller, Resource<CertificateSpec, CertificateStatus> resource, Resource<IssuerSpec, IssuerStatus> issuer,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (issuer.Spec.Directory is null) return Until(resource.Status.RenewAt);
        if (advice.Count > view.Untyped.Count + ForgottenMax) advice.Clear(); // of certificates that are gone
        var due = advice.GetOrAdd(resource.Id, _ => now + AdvicePeriod * Random.Shared.NextDouble());
        if (due > now) return Until(resource.Status.RenewAt < due ? resource.Status.RenewAt : due);
        var answer = await issuers.AdviceAsync(issuer, resource.Status.Chain!, cancellationToken);
        var renewal = answer.TryGet(out var advised, out _) ? advised : null;
        advice[resource.Id] = now + (renewal?.AskAgainAfter ?? AdvicePeriod);
        if (renewal is null) return Until(resource.Status.RenewAt);
        var at = renewal.Start + (renewal.End - renewal.Start) * Random.Shared.NextDouble();
        // What lies in the window already stays: another random moment would move it at each look.
        var isInside = resource.Status.RenewAt >= renewal.Start && resource.Status.RenewAt <= renewal.End;
        if (isInside || at >= resource.Status.NotAfter) return Until(resource.Status.RenewAt);
        Check(await certificates.ChangeAsync(
            caller, resource.Id, current => current with { Status = current.Status with { RenewAt = at } }, null,
            new Revision(resource.Revision), cancellationToken));
        return Until(at);
    }

    private async Task<TimeSpan?> FailAsync(
        Caller caller, Resource<CertificateSpec, CertificateStatus> resource, Error error, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var pause = Pauses[Math.Min(resource.Status.Failures, Pauses.Length - 1)];
        if (AskedPause(error) is { } asked && asked > pause) pause = asked;
        var status = resource.Status with
        {
            Failures = resource.Status.Failures + 1, RetryAt = now + pause, Message = error.Message.Shortened(MessageMax),
            RenewAt = resource.Status.RenewAt < now || resource.Status.RenewAt is null ? resource.Status.RenewAt : now,
        };
        var isServed = resource.Status.NotAfter > now;
        Check(await certificates.ChangeAsync(
            caller, resource.Id, current => current with { Status = status }, isServed ? null : CertificateKinds.Fail, null,
            cancellationToken));
        return pause;
    }

    /// <summary>How long the authority asks to wait, a day at most; null: it does not say.</summary>
    private static TimeSpan? AskedPause(Error error) =>
        double.TryParse(error.Details?.GetValueOrDefault(AcmeErrors.RetryAfterDetail), CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.SecondsPerDay)) : null;

    private async Task<TimeSpan?> ExpireAsync(
        Caller caller, Resource<CertificateSpec, CertificateStatus> resource, CancellationToken cancellationToken)
    {
        if (resource.State == CertificateStates.Failed) return null;
        var message = $"It has expired on {resource.Status.NotAfter:yyyy-MM-dd}; bring a new one, or delete it.";
        Check(await certificates.ChangeAsync(
            caller, resource.Id, now => now with { Status = now.Status with { Message = message } }, CertificateKinds.Fail,
            new Revision(resource.Revision), cancellationToken));
        return null;
    }

    /// <summary>Changed or deleted meanwhile: that wakes this controller again.</summary>
    private static void Check(Result<Resource<CertificateSpec, CertificateStatus>> changed)
    {
        if (!changed.IsOk && changed.Error.Kind is not (ErrorKind.NotFound or ErrorKind.Conflict or ErrorKind.PreconditionFailed))
            throw changed.Error.ToException();
    }

    private TimeSpan? Until(DateTimeOffset? at) => at is { } moment && moment - time.GetUtcNow() is var left && left < Period
        ? left > TimeSpan.Zero ? left : TimeSpan.Zero : null;

    private async ValueTask<bool> IsOfNoProjectAsync(
        Caller caller, Resource<CertificateSpec, CertificateStatus> resource, CancellationToken cancellationToken)
    {
        var found = await projects.GetAsync(caller, resource.Project!, AsOf.Latest, cancellationToken);
        return !found.IsOk && found.Error.Kind == ErrorKind.NotFound;
    }

    /// <summary>
    /// The cloud's own that no claim needs. One of a public authority is kept until it would be renewed: a host that comes back soon must
    /// not cost another, of which a host gets few a week.
    /// </summary>
    private bool IsUnneeded(Resource<CertificateSpec, CertificateStatus> resource)
    {
        if (resource.Spec.Own || resource.Spec.Hosts.Any(h => IsClaimed(h, resource))) return false;
        return !(resource.Status is { IsPublic: true, RenewAt: { } renewal } && renewal > time.GetUtcNow());
    }

    private bool IsClaimed(string host, Resource<CertificateSpec, CertificateStatus> resource) =>
        claims.Find(CertificateKinds.ClaimsByHost, TenantId.Platform, host)
            .Any(c => c.Spec.Org == resource.Org && c.Spec.Project == resource.Project);

    private IEnumerable<ResourceKey> OfClaim(EntityRevision claim)
    {
        var (host, org) = (ResourceDocument.ReadText(claim.Document, "spec", "host"), ResourceDocument.ReadText(
            claim.Document, "spec", "org"));
        if (host is null || org is null || !TenantId.TryParse(org, out var tenant)) return [];
        return view.Untyped.Find(CertificatesByName, tenant, HostsController.NameOf(host)).Select(c => new ResourceKey(tenant, c.Id));
    }

    private IEnumerable<ResourceKey> OfProject(EntityRevision project) =>
        view.Untyped.Find(CertificateKinds.CertificatesByProject, project.Tenant, ProjectKind.Kind.IdOf(project.Id))
            .Select(c => new ResourceKey(project.Tenant, c.Id));

    internal static readonly InformerIndex CertificatesByName = InformerIndex.OfMember("name", isGlobal: false, "name");
}

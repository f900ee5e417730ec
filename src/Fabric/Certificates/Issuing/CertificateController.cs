using System.Collections.Concurrent;
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
using CertificateResource = Strata.Core.Resource<Strata.Contracts.CertificateSpec, Strata.Contracts.CertificateStatus>;
using IssuerResource = Strata.Core.Resource<Strata.Contracts.IssuerSpec, Strata.Contracts.IssuerStatus>;

namespace Strata.Certificates.Issuing;

/// <summary>
/// Has certificates issued and renewed, by the issuer that fits the host, and deletes those that nothing needs any more. A failure is not
/// tried again at once: public authorities allow a host few of them an hour, and what one tenant asks for counts against all.
/// </summary>
internal sealed class CertificateController(
    ResourceStore<CertificateSpec, CertificateStatus> certificates, Informer<ProjectSpec, Nothing> projects,
    Informer<HostClaimSpec, Nothing> claims, Informer<CertificateSpec, CertificateStatus> view, InformerHub informers, Issuers issuers,
    OrderPlaces places, SealedSecrets secrets, TimeProvider time) : Controller<CertificateSpec, CertificateStatus>
{
    private const int MessageMax = 1000;
    private const int ForgottenMax = 1000;

    private static readonly TimeSpan AdvicePeriod = TimeSpan.FromHours(6);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WritePause = TimeSpan.FromSeconds(1);

    /// <summary>When to ask the authority again about a certificate.</summary>
    private readonly ConcurrentDictionary<string, DateTimeOffset> advice = new(StringComparer.Ordinal);

    public override string Name => "certificates";

    public override Kind<CertificateSpec, CertificateStatus> Kind => CertificateKinds.Certificate;

    public override TimeSpan Period => TimeSpan.FromMinutes(10);

    /// <summary>More than there are orders at a time, so that the cloud's own authority always has a place to sign.</summary>
    public override int Parallelism => OrderPlaces.AtATimeMax + 8;

    public override IReadOnlyList<Related> Related =>
    [
        new(HostClaimKind.Kind, OfClaim),
        // One that has become ready takes over hosts whose certificate no browser trusts, or failed.
        new(CertificateKinds.Issuer, _ => view.Untyped.All(null).Select(c => new ResourceKey(c.Tenant, c.Id))),
        new(ProjectKind.Kind, change => change.Deleted ? OfProject(change) : []),
    ];

    public override async Task<TimeSpan?> ReconcileAsync(CertificateResource resource, CancellationToken cancellationToken)
    {
        if (!TenantId.TryParse(resource.Org, out var tenant)) return null;
        var caller = CallerIn(tenant);
        if (await IsUnneededAsync(tenant, resource, cancellationToken))
        {
            await certificates.DeleteAsync(caller, resource.Id, new Revision(resource.Revision), cancellationToken);
            return null;
        }
        var (status, now) = (resource.Status, time.GetUtcNow());
        if (status.NotAfter <= now && resource.State == CertificateStates.Ready)
            return await ExpireAsync(caller, resource, cancellationToken);
        if (resource.Spec.Own) return status.NotAfter > now ? Until(status.NotAfter) : null;
        // Kept for a host that may come back: nothing is asked for in its name meanwhile.
        if (!IsClaimed(resource)) return Until(status.RenewAt);
        var wanted = issuers.For(resource.Spec.Hosts);
        if (RenewalRules.DueAt(resource, wanted) > now) return await RestAsync(caller, resource, wanted, cancellationToken);
        var ready = wanted.Where(Issuers.IsReady).ToList();
        // Until one is ready, which wakes this controller, a certificate that not everyone trusts is better than none.
        if (ready.Count == 0 && !(status.NotAfter > now)) ready.Add(Issuers.Internal);
        if (ready.Count == 0) return await WaitAsync(caller, resource, wanted, cancellationToken);
        if (RenewalRules.NotBefore(resource, ready) is var from && from > now)
            return await PostponeAsync(caller, resource, from, cancellationToken);
        return await IssueAsync(caller, resource, ready, cancellationToken);
    }

    /// <summary>All is well: what was said of an earlier trouble goes.</summary>
    private async Task<TimeSpan?> RestAsync(
        Caller caller, CertificateResource resource, IReadOnlyList<IssuerResource> wanted, CancellationToken cancellationToken)
    {
        if (resource.Status is { Message: not null, Failures: 0 })
            await ChangeAsync(caller, resource, s => s with { Message = null }, null, cancellationToken);
        return wanted.FirstOrDefault(i => i.Name == resource.Status.Issuer) is { Spec.Directory: not null } issuer
            ? await AskAdviceAsync(caller, resource, issuer, cancellationToken) : Until(resource.Status.RenewAt);
    }

    /// <summary>Keeps the wish where a later change hides the transition that expressed it.</summary>
    private async Task<TimeSpan?> PostponeAsync(
        Caller caller, CertificateResource resource, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (resource.Transition == CertificateKinds.Renew)
        {
            var message = resource.Status.Failures > 0 ? resource.Status.Message
                : $"It was issued at {resource.Status.AttemptedAt:u}, and is issued again at {until:u}: authorities allow a host few certificates.";
            await ChangeAsync(
                caller, resource, s => s with { RenewAt = DueNow(s, now), RetryAt = until, Message = message }, null, cancellationToken);
        }
        return Until(until);
    }

    /// <summary>That no issuer is ready is no failed attempt: no one was asked.</summary>
    private async Task<TimeSpan?> WaitAsync(
        Caller caller, CertificateResource resource, IReadOnlyList<IssuerResource> wanted, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var message = $"It waits for the issuer {wanted[0].Name}, which is not ready; operators of the cloud see why: strata issuers";
        if (resource.Status.Message != message)
            await ChangeAsync(caller, resource, s => s with { Message = message, RenewAt = DueNow(s, now) }, null, cancellationToken);
        return null;
    }

    private async Task<TimeSpan?> IssueAsync(
        Caller caller, CertificateResource resource, IReadOnlyList<IssuerResource> ready, CancellationToken cancellationToken)
    {
        var from = time.GetUtcNow();
        // The cloud's own authority always has a place.
        var isPublic = ready.Any(i => i.Spec.Directory is not null);
        using var place = isPublic ? places.TryEnter(resource.Org, out from) : null;
        if (isPublic && place is null) return await QueueAsync(caller, resource, from, cancellationToken);
        var failures = new List<Error>();
        foreach (var issuer in ready)
        {
            var issued = await issuers.IssueAsync(issuer, resource.Spec.Hosts, cancellationToken);
            if (!issued.TryGet(out var certificate, out var error))
            {
                failures.Add(error with { Message = $"{issuer.Name}: {error.Message}" });
                continue;
            }
            var key = secrets.Seal(certificate.PrivateKey, CertificateKinds.KeyContextOf(resource.Id));
            var status = certificate.ToStatus(issuer.Name, Issuers.IsTrusted(issuer), key, time.GetUtcNow());
            await ChangeAsync(caller, resource, _ => status, CertificateKinds.Issue, cancellationToken, isOfAttempt: true);
            return Until(status.RenewAt);
        }
        return await FailAsync(caller, resource, ready, failures, cancellationToken);
    }

    /// <summary>Says so where it takes long, and keeps the wish.</summary>
    private async Task<TimeSpan?> QueueAsync(
        Caller caller, CertificateResource resource, DateTimeOffset from, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var message = $"As many were ordered as authorities take in an hour; its turn comes after {from:u}.";
        if (from - now > Minute && resource.Status is { Failures: 0 } && resource.Status.Message != message)
            await ChangeAsync(caller, resource, s => s with { Message = message, RenewAt = DueNow(s, now) }, null, cancellationToken);
        return from - now + (from - now < Minute ? from - now : Minute) * Random.Shared.NextDouble();
    }

    private async Task<TimeSpan?> FailAsync(
        Caller caller, CertificateResource resource, IReadOnlyList<IssuerResource> tried, List<Error> errors,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var pause = RenewalRules.PauseAfter(resource.Status.Failures + 1, errors);
        var message = string.Join(" ", errors.Select(e => e.Message)).Shortened(MessageMax);
        var isServed = resource.Status.NotAfter > now;
        await ChangeAsync(caller, resource, s => s with
        {
            Failures = s.Failures + 1, AttemptedAt = now, RetryAt = now + pause, Message = message,
            Tried = [.. tried.Select(i => i.Name)],
            RenewAt = DueNow(s, now),
        }, isServed ? null : CertificateKinds.Fail, cancellationToken, isOfAttempt: true);
        return pause;
    }

    /// <summary>
    /// Authorities may want a certificate renewed early, because they revoke it, or later than others, to spread their load. Each is asked
    /// about four times a day; the first time at a random moment, so that not all are asked at the start.
    /// </summary>
    private async Task<TimeSpan?> AskAdviceAsync(
        Caller caller, CertificateResource resource, IssuerResource issuer, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (advice.Count > view.Untyped.Count + ForgottenMax) advice.Clear(); // of certificates that are gone
        var due = advice.GetOrAdd(resource.Id, _ => now + AdvicePeriod * Random.Shared.NextDouble());
        if (due > now) return Until(resource.Status.RenewAt < due ? resource.Status.RenewAt : due);
        using var place = places.TryEnterQuestion();
        if (place is null) return Minute * Random.Shared.NextDouble();
        var answer = await issuers.AdviceAsync(issuer, resource.Status.Chain!, cancellationToken);
        var renewal = answer.TryGet(out var advised, out _) ? advised : null;
        var again = renewal?.AskAgainAfter ?? AdvicePeriod;
        advice[resource.Id] = now + (again > RenewalRules.AskedPauseAfterSuccess ? again : RenewalRules.AskedPauseAfterSuccess);
        if (renewal is null) return Until(resource.Status.RenewAt);
        var at = renewal.Start + (renewal.End - renewal.Start) * Random.Shared.NextDouble();
        // What lies in the window already stays: another random moment would move it at each look.
        var isInside = resource.Status.RenewAt >= renewal.Start && resource.Status.RenewAt <= renewal.End;
        if (isInside || at >= resource.Status.NotAfter) return Until(resource.Status.RenewAt);
        await ChangeAsync(caller, resource, s => s with { RenewAt = at }, null, cancellationToken);
        return Until(at);
    }

    /// <summary>One of the cloud's own is then tried again like one that there never was.</summary>
    private async Task<TimeSpan?> ExpireAsync(Caller caller, CertificateResource resource, CancellationToken cancellationToken)
    {
        var end = $"It has expired on {resource.Status.NotAfter:yyyy-MM-dd}";
        var message = resource.Spec.Own ? $"{end}; bring a new one, or remove it." : resource.Status.Message ?? $"{end}.";
        await ChangeAsync(caller, resource, s => s with { Message = message }, CertificateKinds.Fail, cancellationToken);
        return TimeSpan.FromSeconds(1);
    }

    /// <summary>
    /// Changed or deleted meanwhile: that wakes this controller again. What an order has brought, or that it failed, is kept all the same:
    /// it cost one, and a tenant who changes a label at the right moment, or a store that is away for one, must not get another.
    /// </summary>
    private async Task ChangeAsync(
        Caller caller, CertificateResource resource, Func<CertificateStatus, CertificateStatus> change, string? transition,
        CancellationToken cancellationToken, bool isOfAttempt = false)
    {
        Revision? seen = isOfAttempt ? null : new Revision(resource.Revision);
        while (true)
        {
            var error = await WriteAsync();
            if (error is null || error.Kind is ErrorKind.NotFound or ErrorKind.PreconditionFailed) return;
            if (!isOfAttempt || !error.Retryable) throw error.ToException();
            await Task.Delay(WritePause, time, cancellationToken);
        }

        async ValueTask<Error?> WriteAsync()
        {
            try
            {
                return (await certificates.ChangeAsync(
                    caller, resource.Id, now => now with { Status = change(now.Status) }, transition, seen, cancellationToken)).Error;
            }
            catch (StrataException e)
            {
                return e.Error;
            }
        }
    }

    /// <summary>Of one that is due now, whatever transition comes next.</summary>
    private static DateTimeOffset? DueNow(CertificateStatus status, DateTimeOffset now) => status.RenewAt > now ? now : status.RenewAt;

    /// <returns>Null: by period, also for what is past: nothing is to be done at once that was not done now.</returns>
    private TimeSpan? Until(DateTimeOffset? at) =>
        at is { } moment && moment - time.GetUtcNow() is var left && left < Period && left > TimeSpan.Zero ? left : null;

    /// <summary>Claims are in the cloud's log: one that this server has not seen yet must not cost the certificate.</summary>
    private async ValueTask<bool> IsUnneededAsync(TenantId tenant, CertificateResource resource, CancellationToken cancellationToken)
    {
        if (projects.Get(tenant, resource.Project!) is null) return true;
        if (!IsUnneeded(resource)) return false;
        await informers.CatchUpWithStoreAsync(TenantId.Platform, [claims.Untyped], cancellationToken);
        return IsUnneeded(resource);
    }

    /// <summary>
    /// The cloud's own that no claim needs. One of a public authority is kept until it would be renewed: a host that comes back soon must
    /// not cost another, of which a host gets few a week.
    /// </summary>
    private bool IsUnneeded(CertificateResource resource) => !resource.Spec.Own && !IsClaimed(resource)
        && !(resource.Status is { IsPublic: true, RenewAt: { } renewal } && renewal > time.GetUtcNow());

    /// <summary>Whether the project has claimed every one of its hosts.</summary>
    private bool IsClaimed(CertificateResource resource) => resource.Spec.Hosts.Count > 0 && resource.Spec.Hosts.All(host =>
        claims.Find(CertificateKinds.ClaimsByHost, TenantId.Platform, host)
            .Any(c => c.Spec.Org == resource.Org && c.Spec.Project == resource.Project));

    private IEnumerable<ResourceKey> OfClaim(EntityRevision claim)
    {
        var (host, org) = (ResourceDocument.ReadText(claim.Document, "spec", "host"), ResourceDocument.ReadText(
            claim.Document, "spec", "org"));
        if (host is null || org is null || !TenantId.TryParse(org, out var tenant)) return [];
        return view.Untyped.Find(CertificateKinds.MadeByHost, tenant, host).Select(c => new ResourceKey(tenant, c.Id));
    }

    private IEnumerable<ResourceKey> OfProject(EntityRevision project) =>
        view.Untyped.Find(CertificateKinds.CertificatesByProject, project.Tenant, ProjectKind.Kind.IdOf(project.Id))
            .Select(c => new ResourceKey(project.Tenant, c.Id));
}

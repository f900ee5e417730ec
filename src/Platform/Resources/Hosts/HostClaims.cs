using System.Collections.Concurrent;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Resources.Hosts;

/// <summary>
/// Decides which project a host belongs to. Invariant: a resource with a host is created only under a claim of its project in the
/// platform's log, and a claim ends only when no resource uses it. The two lie in different logs, so a crash between them leaves a claim
/// that nothing uses; <see cref="SweepAsync"/> removes it. Safe for concurrent use, also by several servers.
/// </summary>
public sealed class HostClaims(EntityEngine engine, TimeProvider time)
{
    /// <summary>A claim that is younger may belong to a resource that is being created.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    private const int TriesMax = 5;
    private const int NamesMax = 10_000;
    private static readonly JsonPath ProjectPath = JsonPath.Parse("$.project");

    /// <summary>Abandons the use of a claim that is another project's; never leaves this class.</summary>
    private static readonly Error Foreign = new(ErrorKind.Conflict, "HOST_FOREIGN", "The claim is another project's.");
    private static readonly Caller Platform = new(TenantId.Platform, "system:hosts");

    private readonly ResourceStore<HostClaimSpec, Nothing> claims = new(engine, HostClaimKind.Kind, time);
    private readonly ResourceLookup organizations = new(engine.Log, OrganizationKind.Kind);
    private readonly ConcurrentDictionary<TenantId, string> names = new();

    /// <summary>Claims a host before a resource that uses it is written. HOST_TAKEN where it is another's.</summary>
    /// <returns>False: the project had it already. Either way the use must be confirmed after the write
    /// (<see cref="ConfirmAsync"/>).</returns>
    internal async ValueTask<Result<bool>> ClaimAsync(
        Kind kind, TenantId tenant, string project, string host, CancellationToken cancellationToken)
    {
        if (await RefuseAsync(kind.Hosts!, tenant, project, host, cancellationToken) is { } refused) return refused;
        var spec = new HostClaimSpec { Host = host, Org = tenant.ToString(), Project = project, Kind = kind.Name,
            Field = kind.Hosts!.Field };
        for (var attempt = 1; ; attempt++)
        {
            var claim = new NewResource<HostClaimSpec> { Name = HostClaimKind.NameOf(host), Spec = spec };
            var created = await claims.CreateAsync(Platform, claim, null, cancellationToken);
            if (created.IsOk) return true;
            if (created.Error.Code != ResourceErrors.NameTakenCode) return created.Error;
            var found = await claims.GetAsync(Platform, claim.Name, AsOf.Latest, cancellationToken);
            if (found.IsOk && IsSameOwner(found.Value.Spec, spec)) return false;
            if (found.IsOk && !await TryReleaseAsync(found.Value, Grace, cancellationToken)) return HostErrors.Taken(host);
            if (attempt >= TriesMax) return HostErrors.Taken(host);
        }
    }

    /// <summary>
    /// After the write: marks the claim as used, so that a release decided before the write fails. False: the host was lost meanwhile.
    /// </summary>
    internal async ValueTask<bool> ConfirmAsync(
        Kind kind, TenantId tenant, string project, string host, CancellationToken cancellationToken)
    {
        var spec = new HostClaimSpec { Host = host, Org = tenant.ToString(), Project = project, Kind = kind.Name,
            Field = kind.Hosts!.Field };
        var used = await claims.ChangeAsync(Platform, HostClaimKind.NameOf(host), Use, null, null, cancellationToken);
        if (used.IsOk) return true;
        if (used.Error == Foreign) return false;
        if (used.Error.Kind != ErrorKind.NotFound) throw used.Error.ToException();
        return (await ClaimAsync(kind, tenant, project, host, cancellationToken)).IsOk;

        Result<Resource<HostClaimSpec, Nothing>> Use(Resource<HostClaimSpec, Nothing> now) =>
            IsSameOwner(now.Spec, spec) ? now with { Spec = now.Spec with { Uses = now.Spec.Uses + 1 } } : Foreign;
    }

    /// <summary>The claim of a host as it is before a resource that uses it goes; null: none of this project.</summary>
    internal async ValueTask<Resource<HostClaimSpec, Nothing>?> FindAsync(TenantId tenant, string host, CancellationToken cancellationToken)
    {
        var found = await claims.GetAsync(Platform, HostClaimKind.NameOf(host), AsOf.Latest, cancellationToken);
        return found.IsOk && found.Value.Spec.Org == tenant.ToString() ? found.Value : null;
    }

    /// <summary>Ends a claim that was read before its last user went, unless something uses it or has used it since.</summary>
    internal ValueTask<bool> ReleaseAsync(Resource<HostClaimSpec, Nothing> claim, CancellationToken cancellationToken) =>
        TryReleaseAsync(claim, TimeSpan.Zero, cancellationToken);

    /// <summary>
    /// Whether a resource that owns the default host of its name may have this name: not while another project uses that host.
    /// </summary>
    internal async ValueTask<Error?> CheckNameAsync(TenantId tenant, string project, string name, CancellationToken cancellationToken)
    {
        var host = DefaultHosts.Of(name, await NameOfAsync(tenant, cancellationToken));
        var id = await engine.Log.FindAsync(
            TenantId.Platform, HostClaimKind.Kind.Model.Name, Kind.NameClaim(HostClaimKind.NameOf(host)), cancellationToken);
        if (id is null) return null;
        var found = await claims.GetAsync(Platform, HostClaimKind.Kind.IdOf(id.Value), AsOf.Latest, cancellationToken);
        return !found.IsOk || (found.Value.Spec.Org == tenant.ToString() && found.Value.Spec.Project == project)
            ? null : HostErrors.Taken(host);
    }

    /// <summary>
    /// Claims the hosts of resources that have none yet, oldest first. A resource whose host another project has is deleted, because the
    /// edge serves whatever names a host; its history stays. Calls back for each of those.
    /// </summary>
    public async Task AdoptAsync(
        IEnumerable<Kind> kinds, Action<Kind, EntityRevision, string> conflict, CancellationToken cancellationToken)
    {
        var known = new HashSet<(string, string?)>();
        await foreach (var claim in claims.AllAsync(TenantId.Platform, null, cancellationToken))
            known.Add((claim.Spec.Host, claim.Spec.Project));
        foreach (var kind in kinds.Where(k => k.Hosts is not null))
        {
            var missing = new List<(EntityRevision Resource, string Host)>();
            var store = new KindStore(engine, kind, time);
            await foreach (var resource in store.AllAsync(null, null, cancellationToken))
            {
                if (kind.Hosts!.HostOf(resource.Document) is { } host && !known.Contains((host, ResourceDocument.ProjectOf(resource))))
                    missing.Add((resource, host));
            }
            foreach (var (resource, host) in missing.OrderBy(m => m.Resource.CreatedAt).ThenBy(m => m.Resource.Id.Value))
            {
                var claimed = await ClaimAsync(kind, resource.Tenant, ResourceDocument.ProjectOf(resource)!, host, cancellationToken);
                if (claimed.IsOk) continue;
                if (claimed.Error.Code != HostErrors.TakenCode) throw claimed.Error.ToException();
                var deleted = await store.DeleteAsync(
                    Platform with { Tenant = resource.Tenant }, kind.IdOf(resource.Id), null, cancellationToken);
                if (deleted.IsOk) conflict(kind, resource, host);
                else if (deleted.Error.Kind != ErrorKind.NotFound) throw deleted.Error.ToException();
            }
        }
    }

    /// <summary>
    /// Removes claims that nothing has used for <see cref="Grace"/>. Lists claims and what uses them once each: a look for each claim would
    /// be a hundred thousand looks.
    /// </summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var unused = new Dictionary<HostUse, Resource<HostClaimSpec, Nothing>>();
        await foreach (var claim in claims.AllAsync(TenantId.Platform, null, cancellationToken))
        {
            var spec = claim.Spec;
            if (time.GetUtcNow() - claim.UpdatedAt > Grace)
                unused[new(spec.Kind, spec.Field, spec.Org, spec.Project, spec.Host)] = claim;
        }
        foreach (var (kind, field) in unused.Keys.Select(use => (use.Kind, use.Field)).Distinct().ToList())
        {
            var path = field.Split('.');
            var all = new Scan { Tenant = null, Model = Kind.ModelOf(kind), Limit = PageLimits.Max };
            await foreach (var page in engine.Log.PagesAsync(all, cancellationToken))
            {
                foreach (var resource in page)
                {
                    if (ResourceDocument.ReadText(resource.Document, path) is { } host
                        && ResourceDocument.ProjectOf(resource) is { } project)
                        unused.Remove(new(kind, field, resource.Tenant.ToString(), project, host));
                }
            }
        }
        foreach (var claim in unused.Values) await TryReleaseAsync(claim, Grace, cancellationToken); // which looks again
    }

    private readonly record struct HostUse(string Kind, string Field, string Org, string Project, string Host);

    private async ValueTask<Error?> RefuseAsync(
        HostRule rule, TenantId tenant, string project, string host, CancellationToken cancellationToken)
    {
        if (!DefaultHosts.IsReserved(host)) return null;
        if (DefaultHosts.OwnerOf(host) != await NameOfAsync(tenant, cancellationToken)) return HostErrors.Reserved(host);
        if (DefaultHosts.NameIn(host) is not { } name) return null;
        foreach (var kind in rule.NamedBy)
        {
            var found = await new ResourceLookup(engine.Log, kind)
                .ReadAsync(new Caller(tenant, Platform.Actor), name, AsOf.Latest, cancellationToken);
            if (found.IsOk && ResourceDocument.ProjectOf(found.Value) != project) return HostErrors.Taken(host);
        }
        return null;
    }

    private async ValueTask<bool> TryReleaseAsync(
        Resource<HostClaimSpec, Nothing> claim, TimeSpan grace, CancellationToken cancellationToken)
    {
        if (grace > TimeSpan.Zero && time.GetUtcNow() - claim.UpdatedAt <= grace) return false;
        if (await IsUsedAsync(claim.Spec, cancellationToken)) return false;
        var deleted = await claims.DeleteAsync(Platform, claim.Id, new Revision(claim.Revision), cancellationToken);
        return deleted.IsOk || deleted.Error.Kind == ErrorKind.NotFound;
    }

    private async ValueTask<bool> IsUsedAsync(HostClaimSpec claim, CancellationToken cancellationToken)
    {
        Condition where = new Condition.All([Is(JsonPath.Parse("$." + claim.Field), claim.Host), Is(ProjectPath, claim.Project)]);
        var tenant = TenantId.TryParse(claim.Org, out var parsed)
            ? parsed : throw new InvalidOperationException($"{claim.Org} is not an organization's id.");
        var scan = new Scan { Tenant = tenant, Model = Kind.ModelOf(claim.Kind), Where = where, Limit = 1 };
        return (await engine.Log.ScanAsync(scan, cancellationToken)).Count > 0;
    }

    private async ValueTask<string> NameOfAsync(TenantId tenant, CancellationToken cancellationToken)
    {
        if (names.TryGetValue(tenant, out var known)) return known;
        var found = await organizations.ReadAsync(Platform, tenant.ToString(), AsOf.Latest, cancellationToken);
        if (!found.IsOk) return tenant.ToString();
        if (names.Count >= NamesMax) names.Clear();
        return names[tenant] = ResourceDocument.NameOf(found.Value);
    }

    private static bool IsSameOwner(HostClaimSpec a, HostClaimSpec b) =>
        (a.Host, a.Org, a.Project, a.Kind) == (b.Host, b.Org, b.Project, b.Kind);

    private static Condition.Compare Is(JsonPath path, string value) =>
        new(new Field.Path(path), Operator.Equal, [JsonText.From(value, WireJson.Of<string>())]);
}

using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth;

/// <summary>
/// Who a request comes from, as its token says. This is the seam of the identity system: whatever authenticates yields one of these, and
/// nothing else decides.
/// </summary>
public sealed record Principal
{
    /// <summary>Of <see cref="Actor"/>, where an operator acts in another organization.</summary>
    public const string OperatorPrefix = "operator:";

    /// <summary>The organization; <see cref="TenantId.Platform"/> for the cloud's own parts, which alone see every organization.</summary>
    public required TenantId Tenant { get; init; }

    /// <summary>For example <c>user:admin</c>, <c>token:ci</c>, <c>agent:node-1</c>, <c>instance:guestbook-x7</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>What it may do, and with which resources.</summary>
    public required IReadOnlyList<Grant> Grants { get; init; }

    /// <summary>Names of the roles that granted them, for display; nothing is decided by these.</summary>
    public IReadOnlyList<string> RoleNames { get; init; } = [];

    /// <summary>Id of the only project it may see; null: all of the organization.</summary>
    public string? Project { get; init; }

    /// <summary>The token of this call, as an entity of <see cref="Tenant"/>; null: it came with other credentials.</summary>
    public EntityId? Token { get; init; }

    /// <summary>Null: the call came with a token, by a client, or from a user of an external issuer.</summary>
    public SignedInPerson? Person { get; init; }

    /// <summary>The OAuth client that got the token of this call, as an entity of <see cref="Tenant"/>; null: none did.</summary>
    public EntityId? Client { get; init; }

    /// <summary>
    /// Id of the node whose agent it is: it reaches that node and what is assigned to it, and nothing else. Null: not an agent.
    /// </summary>
    public string? Node { get; init; }

    /// <summary>An operator of another organization, who acts in this one by <c>?org=</c>.</summary>
    public bool IsOperatorElsewhere { get; init; }

    /// <summary>The networks that it may call from; null: any.</summary>
    public IReadOnlyList<System.Net.IPNetwork>? AllowedFrom { get; init; }

    /// <summary>When the first of its grants ends, such as one that was given for two hours; null: none does by itself.</summary>
    public DateTimeOffset? GrantedUntil { get; init; }

    public bool IsPlatform => Tenant == TenantId.Platform;

    /// <summary>Whether its grants are for different parts of the organization, so that only a resource shows what it may do.</summary>
    public bool IsSplit => !IsPlatform && Node is null && !Grants.All(IsPlain);

    public Caller Caller => new(Tenant, Actor) { Project = Project };

    /// <summary>Held beside an organization's permissions, it opens what belongs to the cloud itself to writes.</summary>
    public const string PlatformPermission = "platform";

    /// <summary>Every permission in the tenant but <c>control</c>.</summary>
    public const string Everything = "*";

    /// <summary>To make and remove owners. Held by its name only.</summary>
    public const string OwnPermission = "organization.own";

    /// <summary>What it was before it was narrowed to a project; null: it was not.</summary>
    private Principal? narrowed;

    private const string ControlSuffix = ".control";

    /// <summary>May change what belongs to the cloud itself: organizations, nodes.</summary>
    public bool IsOperator => IsPlatform || Grants.Any(x => x.Permissions.Contains(PlatformPermission));

    /// <summary>
    /// Whether it is granted for some resources at least: what an endpoint asks before anything is read. A <c>control</c> verb is granted
    /// by its name only, outside the platform's own tenant: it lets its holder write what the platform's parts report, and the edge and the
    /// nodes act on that.
    /// </summary>
    public bool May(string permission)
    {
        foreach (var grant in Grants)
            if (Holds(grant, permission)) return true;
        return false;
    }

    /// <summary>Whether it is granted for all of the organization, also where the call is narrowed to a project.</summary>
    public bool MayInAll(string permission) =>
        (narrowed ?? this).Grants.Any(g => g.Scope == GrantScope.Organization && Holds(g, permission));

    /// <summary>Those that hold a permission, each for its resources.</summary>
    public IEnumerable<Grant> GrantsOf(string permission) => Grants.Where(grant => Holds(grant, permission));

    /// <summary>Whether it is granted for this resource.</summary>
    public bool May(string permission, Kind kind, EntityRevision resource) =>
        Narrow(permission, kind) is not { } condition || ConditionEvaluator.Matches(condition, resource);

    /// <summary>
    /// Whether it is granted for this resource whatever its labels are: who has rights by labels changes none, which would be to choose
    /// them.
    /// </summary>
    public bool MayRelabel(string permission, Kind kind, EntityRevision resource) => Grants.All(g => !g.Scope.IsByLabels)
        || (this with { Grants = [.. Grants.Where(g => !g.Scope.IsByLabels)] }).May(permission, kind, resource);

    /// <summary>The resources of a kind for which it is granted, for lists. Null: all of them.</summary>
    public Condition? Narrow(string permission, Kind kind)
    {
        var covered = new List<Condition>(Grants.Count);
        foreach (var grant in Grants)
        {
            if (!Holds(grant, permission)) continue;
            if (grant.Scope.Of(kind) is not { } condition) return null;
            covered.Add(condition);
        }
        return covered is [var only] ? only : new Condition.Any(covered);
    }

    /// <summary>
    /// Whether all of these are granted here too, everywhere that this principal reaches, so that a principal hands out no more than it
    /// has. The caller of this sees to it that what one of a single project hands out is for that project.
    /// </summary>
    public bool Covers(IEnumerable<string> permissions) => permissions.All(p => p switch
    {
        PlatformPermission => IsOperator,
        OwnPermission => IsOperator || MayEverywhere(p),
        _ => MayEverywhere(p),
    });

    /// <summary>Whether both hold the same permissions for the same resources.</summary>
    public bool HasGrantsOf(Principal other) => Grants.Count == other.Grants.Count
        && Grants.Zip(other.Grants).All(x => x.First.Scope == x.Second.Scope && x.First.Permissions.SetEquals(x.Second.Permissions));

    /// <summary>
    /// What of a split one counts where no resource is in hand: what it holds for all that it reaches, or else what it holds in one
    /// project, as which it then calls. Grants for resources with certain labels do not count there.
    /// </summary>
    /// <param name="anyOf">One of these is needed.</param>
    /// <param name="project">The project that the call names; null: none.</param>
    /// <returns>FORBIDDEN; PROJECT_NEEDED where it holds one in several projects and names none of them.</returns>
    public Result<Principal> WithoutResource(IReadOnlyList<string> anyOf, string? project)
    {
        if (!IsSplit) return this;
        var whole = this with { Grants = [.. Grants.Where(IsPlain)] };
        if (anyOf.Any(whole.May)) return whole;
        var projects = Grants.Select(g => g.Scope).OfType<GrantScope.OfProject>().Select(s => s.Project).Distinct(StringComparer.Ordinal)
            .Select(p => InProject(p, labelled: false)).Where(p => anyOf.Any(p.May)).ToList();
        return projects switch
        {
            [] => ApiErrors.Forbidden(anyOf[0]),
            [var only] when project is null || project == only.Project => only,
            _ => projects.Find(p => p.Project == project) is { } named ? named
                : project is null ? ApiErrors.ProjectNeeded(anyOf[0]) : ApiErrors.Forbidden(anyOf[0]),
        };
    }

    /// <summary>What it may do in one project, as a token of that project would. What is the cloud's own is no project's.</summary>
    /// <param name="labelled">False: without grants for resources with certain labels.</param>
    public Principal InProject(string project, bool labelled = true)
    {
        var scope = new GrantScope.OfProject(project);
        var grants = from grant in Grants
                     where IsPlain(grant.Scope) || grant.Scope == scope || (labelled && grant.Scope is not GrantScope.OfProject)
                     let permissions = grant.Permissions.Where(p => p != PlatformPermission).ToHashSet(StringComparer.Ordinal)
                     select grant with { Permissions = permissions, Scope = grant.Scope == scope ? scope : GrantScope.And(scope,
                         grant.Scope) };
        return this with { Project = project, Grants = [.. grants], narrowed = narrowed ?? this };
    }

    /// <summary>With more grants than those that it has. It is no longer one of a single project if they reach beyond it.</summary>
    public Principal With(IReadOnlyList<Grant> more, IEnumerable<string> roles, DateTimeOffset? until)
    {
        if (more.Count == 0) return this;
        var isWider = Project is { } own && more.Any(g => g.Scope.OnlyProject != own);
        var had = !isWider ? Grants : [.. Grants.Select(g =>
            g with { Permissions = g.Permissions.Where(p => p != PlatformPermission).ToHashSet(StringComparer.Ordinal) })];
        return this with
        {
            Project = isWider ? null : Project, Grants = [.. had, .. more], RoleNames = [.. RoleNames.Union(roles, StringComparer.Ordinal)],
            GrantedUntil = until,
        };
    }

    private bool IsPlain(Grant grant) => IsPlain(grant.Scope);

    private bool IsPlain(GrantScope scope) =>
        scope == GrantScope.Organization || (Project is { } project && scope == new GrantScope.OfProject(project));

    private bool MayEverywhere(string permission) => Grants.Any(x => x.Until is null && Holds(x, permission)
        && (x.Scope == GrantScope.Organization || (Project is { } project && x.Scope == new GrantScope.OfProject(project))));

    private bool Holds(Grant grant, string permission) => grant.Permissions.Contains(permission)
        || (grant.Permissions.Contains(Everything) && (IsPlatform || !IsHeldByNameOnly(permission)));

    private static bool IsHeldByNameOnly(string permission) =>
        permission == OwnPermission || permission.EndsWith(ControlSuffix, StringComparison.Ordinal);
}

/// <summary>A person, and what they have signed in to; both are entities of the platform.</summary>
/// <param name="ByProgram">Whether it is a program of an organization that acts for them, and not they themselves.</param>
public sealed record SignedInPerson(EntityId Id, EntityId Session, string Email, string? DisplayName, bool ByProgram = false)
{
    /// <summary>When they last showed that it is they: see <see cref="FreshSignIn"/>. Null: it is not known, and so not fresh.</summary>
    public DateTimeOffset? AuthenticatedAt { get; init; }

    /// <summary>Whether they have set up more than a password: codes of an app, or a passkey.</summary>
    public bool HasSecondFactor { get; init; }
}

/// <summary>Turns a bearer token into a principal.</summary>
public interface IAuthenticator
{
    /// <returns>UNAUTHORIZED for a token that is malformed, unknown, expired or revoked; the error never reveals which.</returns>
    ValueTask<Result<Principal>> AuthenticateAsync(string token, CancellationToken cancellationToken);

    /// <summary>The same caller in another organization, of which it is a member too: only a person can be.</summary>
    /// <returns>UNAUTHORIZED where it is none.</returns>
    ValueTask<Result<Principal>> AuthenticateInAsync(string token, TenantId organization, CancellationToken cancellationToken) =>
        new((Result<Principal>)ApiErrors.Unauthorized);
}

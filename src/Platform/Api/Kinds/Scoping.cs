using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// Who may see and change what, beyond the permission that an endpoint asks for. One organization never sees another's; a principal of a
/// project sees that project only; what belongs to the cloud itself is changed by its operators; the platform's own parts see all, and say
/// by <c>org</c> whose they mean. What may not be seen does not exist: NOT_FOUND.
/// </summary>
internal sealed class Scoping(IEntityLog log)
{
    private readonly ResourceLookup organizations = new(log, OrganizationKind.Kind);
    private readonly ResourceLookup projects = new(log, ProjectKind.Kind);

    private static readonly Error AgentCreatesNothing = new(
        ErrorKind.Forbidden, "FORBIDDEN",
        "A node's agent creates nothing: its node is registered for it, and instances are assigned to it.", "Use an operator's token.");

    internal static readonly Error OrgNeeded = new(
        ErrorKind.Invalid, "ORG_REQUIRED", "A caller of the platform must say for which organization this is.",
        "Add ?org=NAME or ?org=ID.");

    /// <summary>
    /// The caller in the organization that the request is about. A platform caller that names none stays in the platform's tenant, which
    /// means all. The organization of an operator's request has already been decided by <see cref="OrganizationChoice"/>.
    /// </summary>
    public async ValueTask<Result<Caller>> CallerOfAsync(ApiCall call)
    {
        if (!call.Query("org").TryGet(out var org, out var error)) return error;
        if (org is null || !call.Principal.IsPlatform) return call.Caller;
        var found = await organizations.ReadAsync(call.Caller, org, AsOf.Latest, call.Aborted);
        return found.IsOk ? call.Caller with { Tenant = new TenantId(found.Value.Id.Value) }
            : ResourceErrors.NotFound(OrganizationKind.Kind, org);
    }

    /// <summary>Whether the caller may change this kind at all, the permission apart.</summary>
    public static Error? MayWrite(Principal principal, Kind kind, Caller caller, bool creates)
    {
        if (creates && principal.Node is not null) return AgentCreatesNothing;
        if (kind.Scope == KindScope.Platform) return principal.IsOperator ? null : ApiErrors.OperatorNeeded;
        // It hands out rights, or takes them away, for good: what ends by itself is not enough.
        if (kind.WriteIsAdministrators && !principal.IsPlatform && !principal.Covers([kind.WritePermission]))
            return ApiErrors.Forbidden(kind.WritePermission);
        if (creates && caller.Tenant == TenantId.Platform) return OrgNeeded;
        return null;
    }

    /// <summary>What a list is narrowed to, beyond the organization; null: to nothing.</summary>
    public static Condition? Restriction(Principal principal, Kind kind, string permission)
    {
        if (kind.Scope == KindScope.Platform && !kind.TenantsRead && !principal.IsOperator) return GrantScope.Nothing;
        if (kind == OrganizationKind.Kind && !principal.IsOperator) return GrantScope.HasId(new EntityId(principal.Tenant.Value));
        // Stages that all projects share: a deploy in one of them names it.
        if (kind == EnvironmentKind.Kind && permission == kind.ReadPermission) return null;
        return principal.Narrow(permission, kind);
    }

    /// <summary>Whether the permission holds for this resource.</summary>
    public static bool May(Principal principal, string permission, Kind kind, EntityRevision revision) =>
        principal.May(permission)
            && (Restriction(principal, kind, permission) is not { } restriction || ConditionEvaluator.Matches(restriction, revision));

    /// <summary>Whether it exists for the caller: a caller that may change it also sees that it exists.</summary>
    public static bool Sees(Principal principal, Kind kind, EntityRevision revision) => May(principal, kind.ReadPermission, kind, revision)
        || May(principal, kind.WritePermission, kind, revision) || May(principal, kind.ControlPermission, kind, revision);

    /// <summary>
    /// Its own organization and the agent of its node see all; a part of the platform that runs nothing, such as the edge, does not.
    /// </summary>
    public static Shown ShownTo(Principal reader) => reader is { IsPlatform: true, Node: null } ? Shown.Narrowed : Shown.Whole;

    /// <summary>
    /// A call that names a project (<c>-p</c>, the header Strata-Project) is about what is in it: a name is unique in an organization, and
    /// must not reach into another project than the one that the caller thinks of.
    /// </summary>
    /// <returns>Null: it names none, or that of the resource.</returns>
    public async ValueTask<Error?> OtherProjectAsync(ApiCall call, Kind kind, EntityRevision found)
    {
        if (kind.Scope != KindScope.Project || NamedProject(call) is not { } named) return null;
        var caller = new Caller(found.Tenant, "system:scoping");
        var project = await ProjectIdAsync(caller, named, call.Aborted);
        // The same for a project that does not exist: a caller of one project must not learn which others there are.
        return project.TryGet(out var id, out _) && id == ResourceDocument.ProjectOf(found)
            ? null : ApiErrors.NotInProject(kind.Name, ResourceDocument.NameOf(found), named);
    }

    /// <summary>The project that a call names by the header; null: none.</summary>
    public static string? NamedProject(ApiCall call) =>
        call.Http.Request.Headers[ProjectChoice.Header] is [{ Length: > 0 } named] ? named : null;

    /// <summary>The id of a project that is named by name or id in a query.</summary>
    public async ValueTask<Result<string>> ProjectIdAsync(Caller caller, string nameOrId, CancellationToken cancellationToken)
    {
        var found = await projects.ReadAsync(caller, nameOrId, AsOf.Latest, cancellationToken);
        return found.IsOk ? ProjectKind.Kind.IdOf(found.Value.Id) : found.Error;
    }
}

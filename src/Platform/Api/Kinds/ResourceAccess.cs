using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// The resource that a call names, for endpoints beside the verbs of every kind: seen and allowed by the rule that those follow, with the
/// resource in hand.
/// </summary>
public sealed class ResourceAccess
{
    private readonly Scoping scoping;
    private readonly IEntityLog log;

    public ResourceAccess(IEntityLog log) => (scoping, this.log) = (new Scoping(log), log);

    /// <summary>For an operation's description: calls of the platform name the organization.</summary>
    public static Parameter Org =>
        Parameter.Query("org", "Name or id of the organization; required with a token of the platform.", Schemas.Text());

    /// <summary>The caller in the organization of the call; of a platform call, in the one that it names.</summary>
    /// <returns>ORG_REQUIRED: a platform call names none; NOT_FOUND.</returns>
    public async ValueTask<Result<Caller>> CallerOfAsync(ApiCall call)
    {
        var caller = await scoping.CallerOfAsync(call);
        return caller.IsOk && caller.Value.Tenant == TenantId.Platform ? Scoping.OrgNeeded : caller;
    }

    /// <summary>By the name or id in the path.</summary>
    /// <param name="permission">What the call takes.</param>
    /// <returns>NOT_FOUND for one that the caller does not see; FORBIDDEN for one that it sees without this permission.</returns>
    public async ValueTask<Result<FoundResource>> FindAsync(ApiCall call, Kind kind, string permission)
    {
        if (!(await scoping.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        var nameOrId = call.Route("nameOrId");
        if (caller.Tenant == TenantId.Platform && kind.Scope != KindScope.Platform && !kind.TryParseId(nameOrId,
            out _)) return Scoping.OrgNeeded;
        var read = await new ResourceLookup(log, kind).ReadAsync(caller, nameOrId, AsOf.Latest, call.Aborted);
        if (!read.TryGet(out var revision, out error)) return error;
        var isHeld = Scoping.May(call.Principal, permission, kind, revision);
        if (!isHeld && !Scoping.Sees(call.Principal, kind, revision)) return ResourceErrors.NotFound(kind, nameOrId);
        if (!isHeld) return call.Principal.May(permission) ? ApiErrors.ForbiddenHere(permission) : ApiErrors.Forbidden(permission);
        return await scoping.OtherProjectAsync(call, kind, revision) is { } other
            ? other : new FoundResource(caller with { Tenant = revision.Tenant }, revision);
    }
}

/// <param name="Caller">In the resource's tenant.</param>
public sealed record FoundResource(Caller Caller, EntityRevision Revision);

using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Nodes.Api;

/// <summary>The instance that a call is about: of the caller's organization, or of the one that a caller of the platform names.</summary>
internal static class InstanceAccess
{
    public static async ValueTask<Result<(Caller Caller, Resource<InstanceSpec, InstanceStatus> Instance)>> FindAsync(
        this ResourceStore<InstanceSpec, InstanceStatus> instances, ApiCall call)
    {
        if (!CallerOf(call).TryGet(out var caller, out var error)) return error;
        var found = await instances.GetAsync(caller, call.Route("nameOrId"), AsOf.Latest, call.Aborted);
        if (!found.TryGet(out var instance, out error)) return error;
        // A token of one project sees only that project; for it, nothing else exists.
        if (call.Principal.Project is { } project && project != instance.Project)
            return NodeErrors.InstanceNotFound(call.Route("nameOrId"));
        // A node's agent reaches only what is assigned to its node.
        if (call.Principal.Node is { } node && node != instance.Spec.Node) return NodeErrors.InstanceNotFound(call.Route("nameOrId"));
        return (caller, instance);
    }

    private static Result<Caller> CallerOf(ApiCall call)
    {
        if (!call.Query("org").TryGet(out var org, out var error)) return error;
        if (!call.Principal.IsPlatform) return call.Caller;
        if (org is null) return NodeErrors.OrgNeeded;
        return IdText.TryParse("org", org, out var id) ? call.Caller with { Tenant = new TenantId(id) } : NodeErrors.OrgNotFound(org);
    }
}

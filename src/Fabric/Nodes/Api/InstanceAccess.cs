using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;

namespace Strata.Nodes.Api;

/// <summary>The instance that a call is about.</summary>
internal sealed class InstanceAccess(ResourceAccess access, ResourceStore<InstanceSpec, InstanceStatus> instances)
{
    /// <inheritdoc cref="ResourceAccess.FindAsync"/>
    public async ValueTask<Result<(Caller Caller, Resource<InstanceSpec, InstanceStatus> Instance)>> FindAsync(ApiCall call,
        string permission)
    {
        if (!(await access.FindAsync(call, NodeKinds.Instance, permission)).TryGet(out var found, out var error)) return error;
        return (found.Caller, instances.ToResource(found.Revision));
    }
}

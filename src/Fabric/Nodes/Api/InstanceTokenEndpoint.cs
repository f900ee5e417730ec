using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Nodes.Kinds;

namespace Strata.Nodes.Api;

/// <summary>
/// Gives the agent of an instance's node a token for an instance that it is about to start, and keeps it valid while the instance runs.
/// </summary>
internal sealed class InstanceTokenEndpoint(InstanceAccess instances, InstanceTokens tokens)
{
    public async Task<Result<Answer>> IssueAsync(ApiCall call)
    {
        if (!(await FindAsync(call)).TryGet(out var found, out var error)) return error;
        var instance = found.Instance;
        if (instance.State == InstanceStates.Stopping) return NodeErrors.NotRunning(instance.Name);
        if (!(await tokens.IssueAsync(found.Caller with { Fence = call.Fence }, instance, call.Aborted)).TryGet(out var token, out error))
            return error;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("token", token);
            json.WriteEndObject();
        });
    }

    /// <summary>The token that the instance has is good for longer; its text stays the same.</summary>
    public async Task<Result<Answer>> RenewAsync(ApiCall call)
    {
        if (!(await FindAsync(call)).TryGet(out var found, out var error)) return error;
        if (!(await tokens.RenewAsync(found.Caller with { Fence = call.Fence }, found.Instance, call.Aborted))
            .TryGet(out var expiresAt, out error)) return error;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("expiresAt", expiresAt.UtcDateTime);
            json.WriteEndObject();
        });
    }

    private async Task<Result<(Caller Caller, Resource<InstanceSpec, InstanceStatus> Instance)>> FindAsync(ApiCall call)
    {
        if (call.Principal.Node is null) return NodeErrors.NotAnAgent;
        if (!(await instances.FindAsync(call, NodeKinds.Instance.ControlPermission)).TryGet(out var found, out var error)) return error;
        return found.Instance.State is InstanceStates.Stopped or InstanceStates.Failed ? NodeErrors.NotRunning(found.Instance.Name) : found;
    }
}

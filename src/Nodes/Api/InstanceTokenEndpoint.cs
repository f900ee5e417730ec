using Strata.Api.Http;
using Strata.Core;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;

namespace Strata.Nodes.Api;

/// <summary>Gives the agent a token for an instance that it is about to start.</summary>
internal sealed class InstanceTokenEndpoint(ResourceStore<InstanceSpec, InstanceStatus> instances, InstanceTokens tokens)
{
    public async Task<Result<Answer>> IssueAsync(ApiCall call)
    {
        if (!(await instances.FindAsync(call)).TryGet(out var found, out var error)) return error;
        var instance = found.Instance;
        if (instance.State is InstanceStates.Stopping or InstanceStates.Stopped or InstanceStates.Failed) return NodeErrors.NotRunning(instance.Name);
        if (!(await tokens.IssueAsync(found.Caller, instance, call.Aborted)).TryGet(out var token, out error)) return error;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("token", token);
            json.WriteEndObject();
        });
    }
}

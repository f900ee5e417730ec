using System.Globalization;
using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Nodes.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Nodes.Api;

/// <summary>
/// Heartbeats of agents, each for its own node: each renews a lease. No entity is written for that; NodeLossController sees when one
/// lapses.
/// </summary>
internal sealed class HeartbeatEndpoint(ResourceStore<NodeSpec, NodeStatus> nodes, ILeases leases)
{
    private const int SessionLengthMax = 64;

    public async Task<Result<Answer>> HeartbeatAsync(ApiCall call)
    {
        var found = await nodes.GetAsync(call.Caller, call.Route("nameOrId"), AsOf.Latest, call.Aborted);
        if (!found.TryGet(out var node, out var error)) return error;
        if (!call.Principal.IsPlatform || call.Principal.Node != node.Id) return NodeErrors.NotYourNode;
        if (!call.Query("session").TryGet(out var session, out error)) return error;
        if (!call.Query("epoch").TryGet(out var text, out error)) return error;
        if (!long.TryParse(text ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var known))
            return ApiErrors.QueryValue("epoch", "a whole number from 0");
        if (session is { Length: > SessionLengthMax })
            return ApiErrors.QueryValue("session", $"a text of at most {SessionLengthMax} characters");
        var holder = session is null ? call.Principal.Actor : $"{call.Principal.Actor}/{session}";
        var name = NodeLease.Of(node.Name);
        // An agent that begins replaces the one before it at once; from then on it only renews, so that of two the newer one stays.
        var isNew = session is not null && known == 0;
        var epoch = isNew ? await leases.TakeOverAsync(name, holder, NodeLease.Duration, call.Aborted)
            : await leases.TryHoldAsync(name, holder, NodeLease.Duration, call.Aborted);
        if (epoch is not { } held) return NodeErrors.HeldElsewhere;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("epoch", held);
            json.WriteNumber("seconds", NodeLease.Duration.TotalSeconds);
            json.WriteEndObject();
        });
    }
}

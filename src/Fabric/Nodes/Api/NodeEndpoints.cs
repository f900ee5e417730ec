using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Nodes.Kinds;
using Strata.Resources.Informers;

namespace Strata.Nodes.Api;

/// <summary>What is more than a resource: heartbeats, log lines, tokens of instances.</summary>
public static class NodeEndpoints
{
    /// <summary>Registers what the endpoints need; the stores of the kinds, leases, lines and the API are the host's.</summary>
    public static IServiceCollection AddNodeEndpoints(this IServiceCollection services) =>
        services.AddSingleton<IDeletionGuard, LastNodeGuard>().AddSingleton<Logs.LogStream>().AddSingleton<HeartbeatEndpoint>()
            .AddSingleton<InstanceAccess>().AddSingleton<InstanceLogsEndpoints>()
            .AddSingleton<InstanceTokens>().AddSingleton<InstanceTokenEndpoint>()
            .AddPermissions(new Permission(InstanceLogsEndpoints.Write, Roles.Agent))
            .AddInformer<InstanceSpec, InstanceStatus>(InstanceIndexes.ByNode);

    public static void MapNodeEndpoints(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        var logs = services.GetRequiredService<InstanceLogsEndpoints>();
        routes.MapApi("POST", "/api/v1/nodes/{nameOrId}/heartbeat", "nodes.control", Heartbeat,
            services.GetRequiredService<HeartbeatEndpoint>().HeartbeatAsync);
        routes.MapApi("GET", "/api/v1/instances/{nameOrId}/logs", InstanceLogsEndpoints.Read, ReadLogs, logs.ReadAsync)
            .InProject().DecidedByResource();
        routes.MapApi("POST", "/api/v1/instances/{nameOrId}/logs", InstanceLogsEndpoints.Write, WriteLogs, logs.AppendAsync)
            .InProject().DecidedByResource();
        var tokens = services.GetRequiredService<InstanceTokenEndpoint>();
        routes.MapApi("POST", "/api/v1/instances/{nameOrId}/token", "instances.control", Token, tokens.IssueAsync);
        routes.MapApi("POST", "/api/v1/instances/{nameOrId}/token/renew", "instances.control", Renew, tokens.RenewAsync);
    }

    private static readonly Operation Heartbeat = new()
    {
        Id = "beatNode", Tag = "nodes",
        Summary = "Heartbeat of a node's agent; the node counts as down 15 s after the last one. "
            + "Returns the epoch of its lease, for the header Strata-Fence of its writes.",
        Parameters =
        [
            Parameter.Query("session", "Identifies the agent's process; a new one takes over the node.", Schemas.Text()),
            Parameter.Query("epoch", "The epoch that this session's last heartbeat returned; with it the lease is only renewed.",
                Schemas.Integer(0, int.MaxValue)),
        ],
        Answer = Content.Json(Schemas.Members(
            [("epoch", Schemas.Integer(0, long.MaxValue)), ("seconds", Schemas.Integer(1, int.MaxValue))], "epoch", "seconds")),
        Repeatable = "Each heartbeat extends the lease of the session that sends it.",
    };

    private static readonly Operation ReadLogs = new()
    {
        Id = "readInstanceLogs", Summary = "The instance's output, one JSON object for each line.", Tag = "instances",
        Parameters = [ResourceAccess.Org, .. Logs.LogRequest.Parameters], Answer = Logs.LogStream.Content,
    };

    private static readonly Operation WriteLogs = new()
    {
        Id = "writeInstanceLogs", Summary = "Appends lines of the instance's output; for the node's agent.",
        Tag = "instances", Status = 204,
        Parameters = [ResourceAccess.Org], Body = new Content(["text/plain"], Schemas.Text()),
        Repeatable = "Lines are stored at least once: a request that is sent twice stores its lines twice.",
    };

    private static readonly Operation Token = new()
    {
        Id = "issueInstanceToken",
        Summary = "Makes a new token for the instance, with its project's rights, and revokes the one before; for the node's agent.",
        Tag = "instances",
        Parameters = [ResourceAccess.Org], Answer = Content.Json(Schemas.Text()),
        Repeatable = "Only the token of the last answer is valid.",
    };

    private static readonly Operation Renew = new()
    {
        Id = "renewInstanceToken",
        Summary = "Extends the instance's token to one hour from now; for the node's agent.",
        Tag = "instances",
        Parameters = [ResourceAccess.Org], Answer = Content.Json(Schemas.Members([("expiresAt", Schemas.Time())], "expiresAt")),
        Repeatable = "The token expires an hour from the last of them.",
    };
}

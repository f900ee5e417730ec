using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Compute.Members;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Resources.Kinds;

namespace Strata.Server.Status;

/// <summary>What a client asks a server about itself: its kinds and how it is.</summary>
internal static class ServerEndpoints
{
    private sealed record KindInfo(string Name, string Plural, string IdPrefix, KindScope Scope, string Description, IReadOnlyList<string> Transitions);

    private sealed record KindList(IReadOnlyList<KindInfo> Kinds);

    public static void MapServer(this IEndpointRouteBuilder routes, IEnumerable<Kind> kinds, Func<ServerStatus> status)
    {
        var list = new KindList([.. kinds.Select(k => new KindInfo(k.Name, k.Plural, k.IdPrefix, k.Scope, k.Description, k.UserTransitions))]);
        var shares = routes.ServiceProvider.GetServices<IShareReport>().ToList();
        var calls = routes.ServiceProvider.GetRequiredService<MemberDirectory>().Counts;
        routes.MapApi("GET", "/api/v1", "kinds.read", Describe("listKinds", "The kinds of resources that there are."), _ => Task.FromResult<Result<Answer>>(Answer.Json(list))).InProject();
        routes.MapApi("GET", "/api/v1/status", "status.read", Describe("getStatus", "Addresses, version and health of each part; operators also see folders, processes and errors."), call =>
            Task.FromResult<Result<Answer>>(Answer.Json(call.Principal.IsOperator ? status() : status().ForTenants()))).InProject();
        routes.MapApi("GET", "/api/v1/metrics", "status.read", Describe("getMetrics", "Health of parts and background work, use of shares, calls to compute members, as Prometheus text.") with
        {
            Answer = new Content(["text/plain"], Schemas.Text()),
        }, _ => Task.FromResult<Result<Answer>>(Answer.Stream(http =>
        {
            http.Response.ContentType = ServerMetrics.ContentType;
            return http.Response.WriteAsync(ServerMetrics.Write(status(), shares) + calls.WriteMetrics(), http.RequestAborted);
        })));
    }

    private static Operation Describe(string id, string summary) => new() { Id = id, Summary = summary, Tag = "server", Answer = Content.Json(Schemas.Members([])) };
}

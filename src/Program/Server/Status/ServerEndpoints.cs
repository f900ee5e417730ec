using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Core.Background;
using Strata.Core.Sharing;
using Strata.Resources.Kinds;
using Strata.Telemetry;

namespace Strata.Server.Status;

/// <summary>What a client asks a server about itself: its kinds and how it is.</summary>
internal static class ServerEndpoints
{
    private sealed record KindInfo(
        string Name, string Plural, string IdPrefix, KindScope Scope, string Description, IReadOnlyList<string> Transitions);

    private sealed record KindList(IReadOnlyList<KindInfo> Kinds);

    private static readonly Error OperatorNeeded = new(
        ErrorKind.Forbidden, "FORBIDDEN", "Metrics show the load of all organizations, and your token is not an operator's.",
        "Use the token of the cloud's operator. GET /api/v1/compute/metrics shows your own compute members.");

    public static void MapServer(this IEndpointRouteBuilder routes, IEnumerable<Kind> kinds, Func<ServerStatus> status)
    {
        var list = new KindList(
            [.. kinds.Select(k => new KindInfo(k.Name, k.Plural, k.IdPrefix, k.Scope, k.Description, k.UserTransitions))]);
        var telemetry = routes.ServiceProvider.GetRequiredService<StrataTelemetry>();
        StartMetrics(routes.ServiceProvider);
        var listKinds = Describe("listKinds", "The kinds of resources.", typeof(KindList));
        routes.MapApi("GET", "/api/v1", "kinds.read", listKinds, _ => Task.FromResult<Result<Answer>>(Answer.Json(list)))
            .InProject().DecidedByResource(); // the same for everyone
        routes.MapApi("GET", "/api/v1/status", "status.read",
            Describe("getStatus", "Addresses, version and health of each part; operators also see folders, processes and errors.",
                typeof(ServerStatus)), call =>
            Task.FromResult<Result<Answer>>(Answer.Json(call.Principal.IsOperator ? status() : status().ForTenants()))).InProject();
        routes.MapApi("GET", "/api/v1/metrics", "status.read",
            Describe("getMetrics", "The metrics of this server, as Prometheus text; for operators.", typeof(string)) with
        {
            Answer = new Content(["text/plain"], Schemas.Text()),
        }, call =>
            Task.FromResult<Result<Answer>>(call.Principal.IsOperator ? Answer.Stream(telemetry.WriteMetricsAsync) : OperatorNeeded));
    }

    public static IServiceCollection AddServerMetrics(this IServiceCollection services, Func<ServerStatus> status) => services
        .AddSingleton(_ => new ServerMetrics(status))
        .AddSingleton(s => new WorkMetrics(s.GetRequiredService<Supervisor>()))
        .AddSingleton(s => new ShareMetrics([.. s.GetServices<IShareReport>()]));

    /// <summary>They report from the time when they are made to the end of the services.</summary>
    private static void StartMetrics(IServiceProvider services)
    {
        services.GetRequiredService<ServerMetrics>();
        services.GetRequiredService<WorkMetrics>();
        services.GetRequiredService<ShareMetrics>();
    }

    private static Operation Describe(string id, string summary, Type answer) =>
        new() { Id = id, Summary = summary, Tag = "server", Answer = Content.Json(Schemas.OfAnswer(answer)) };
}

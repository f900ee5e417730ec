using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Api.Http;
using Strata.Api.Organizations;
using Strata.Api.Watch;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>Maps the endpoints of every kind under /api/v1/PLURAL.</summary>
internal static class MapKindsExtensions
{
    public static void MapKinds(this IEndpointRouteBuilder routes, IReadOnlyCollection<Kind> kinds)
    {
        var belongings = ActivatorUtilities.CreateInstance<OwnedResources>(routes.ServiceProvider, kinds);
        foreach (var kind in kinds) routes.MapKind(kind, belongings);
    }

    private static void MapKind(this IEndpointRouteBuilder routes, Kind kind, OwnedResources belongings)
    {
        var services = routes.ServiceProvider;
        var store = ActivatorUtilities.CreateInstance<KindStore>(services, kind);
        var endpoints = ActivatorUtilities.CreateInstance<KindEndpoints>(services, store, belongings);
        var watch = ActivatorUtilities.CreateInstance<KindWatch>(services, endpoints, store);
        var guarded = services.GetServices<IDeletionGuard>().FirstOrDefault(g => g.Kind == kind)?.Guarded ?? kind.Deleting?.Forced;
        var operations = new KindOperations(kind, guarded);
        var list = "/api/v1/" + kind.Plural;
        var one = list + "/{nameOrId}";
        var change = new Access([kind.WritePermission, kind.ControlPermission]);

        routes.MapApi("GET", list, kind.ReadPermission, operations.List, call => ListOrWatchAsync(call, endpoints, watch))
            .InProject().DecidedByResource();
        routes.MapApi("GET", one, kind.ReadPermission, operations.Get, endpoints.GetAsync).InProject().DecidedByResource();
        routes.MapApi("GET", one + "/history", kind.ReadPermission, operations.History, endpoints.HistoryAsync)
            .InProject().DecidedByResource();
        Guarded(kind.FreshSignIn != FreshSignInFor.None, routes.MapApi("DELETE", one, change, operations.Delete,
            kind != TokenKind.Kind ? endpoints.DeleteAsync
                : call => endpoints.DeleteAsync(call, services.GetRequiredService<TokenEndpoints>().Revoked)));
        if (kind.IsIssued) return;
        var isGuarded = kind.FreshSignIn == FreshSignInFor.AllWrites;
        Guarded(isGuarded, routes.MapApi("POST", list, kind.UserCreates ? kind.WritePermission : kind.ControlPermission, operations.Create,
            CreateOf(kind, endpoints, services)));
        Guarded(isGuarded, routes.MapApi("PATCH", one, change, operations.Patch, endpoints.PatchAsync));
        // A transition may be the one that a DELETE takes.
        Guarded(kind.FreshSignIn != FreshSignInFor.None,
            routes.MapApi("POST", one + "/transitions/{transition}", change, operations.Transition, endpoints.TransitionAsync));
    }

    private static void Guarded(bool needsFreshSignIn, IEndpointConventionBuilder endpoint)
    {
        endpoint.InProject().DecidedByResource();
        if (needsFreshSignIn) endpoint.NeedsFreshSignIn();
    }

    private static ApiHandler CreateOf(Kind kind, KindEndpoints endpoints, IServiceProvider services) =>
        kind == OrganizationKind.Kind ? services.GetRequiredService<OrganizationEndpoints>().Creating(endpoints.CreateAsync)
            : endpoints.CreateAsync;

    private static async Task<Result<Answer>> ListOrWatchAsync(ApiCall call, KindEndpoints endpoints, KindWatch watch)
    {
        if (!call.QueryFlag("watch").TryGet(out var asked, out var error)) return error;
        if (asked || WantsEvents(call.Http.Request)) return await watch.StartAsync(call);
        return call.Http.Request.Query.ContainsKey("from")
            ? ApiErrors.Query("from", "goes with watch=true only.", "Add watch=true, or leave out from.") : await endpoints.ListAsync(call);
    }

    private static bool WantsEvents(HttpRequest request) =>
        request.Headers.Accept.ToString().StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);
}

using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.CloudEvents.Events;
using Strata.CloudEvents.Members;
using Strata.CloudEvents.Requests;
using Strata.Wire.CloudEvents;
using Strata.Rpc;

namespace Strata.CloudEvents;

/// <summary>The entity platform over gRPC, in CloudEvents. Needs the API, the entity API and the member directory.</summary>
public static class CloudEventsModule
{
    /// <summary>
    /// Every caller with a token may call; the operation behind a request checks its permission, and the service checks joins.
    /// </summary>
    private static readonly string[] Callers = ["entities.read", "models.read", "compute.join"];

    public static IServiceCollection AddCloudEvents(this IServiceCollection services)
    {
        services.AddSingleton(MemberClock.Default);
        return services.AddSingleton<EventWriter>().AddSingleton<RequestRouter>().AddSingleton<SessionParts>().AddSingleton<EventService>();
    }

    public static void MapCloudEvents(this IEndpointRouteBuilder routes)
    {
        routes.MapRpc(routes.ServiceProvider.GetRequiredService<EventService>()).Requires(Callers).InProject();
    }

    /// <summary>The types of events that are answered as requests.</summary>
    public static IReadOnlyCollection<string> RequestTypes => RequestRouter.Types;

    /// <summary>For reflection and health.</summary>
    public static Google.Protobuf.Reflection.ServiceDescriptor Descriptor => CloudEventsService.Descriptor;
}

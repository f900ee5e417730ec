using Google.Protobuf.Reflection;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Grpc.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Strata.Rpc;

/// <summary>The services that tools of gRPC look for.</summary>
public static class StandardServices
{
    /// <summary>Health (<c>grpc.health.v1</c>): the whole server and each service are SERVING while it answers.</summary>
    public static IEndpointConventionBuilder MapRpcHealth(this IEndpointRouteBuilder routes, params ServiceDescriptor[] services)
    {
        var health = new HealthServiceImpl();
        health.SetStatus("", HealthCheckResponse.Types.ServingStatus.Serving);
        foreach (var service in services) health.SetStatus(service.FullName, HealthCheckResponse.Types.ServingStatus.Serving);
        return routes.MapRpc(health);
    }

    /// <summary>Reflection (<c>grpc.reflection</c>, v1 and v1alpha): which services there are, and what their messages look like.</summary>
    public static IEndpointConventionBuilder MapRpcReflection(this IEndpointRouteBuilder routes, params ServiceDescriptor[] services)
    {
        var group = routes.MapGroup("");
        ServiceDescriptor[] all = [.. services, Health.Descriptor];
        group.MapRpc(new ReflectionV1ServiceImpl(all));
        group.MapRpc(new ReflectionServiceImpl(all));
        return group;
    }
}

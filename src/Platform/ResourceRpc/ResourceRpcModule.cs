using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.Api.InProcess;
using Strata.Wire.Resources;
using Strata.Resources.Kinds;
using Strata.Rpc;

namespace Strata.ResourceRpc;

/// <summary>The cloud's resources over RPC (<c>proto/strata/v1</c>). Needs the API.</summary>
public static class ResourceRpcModule
{
    /// <param name="kinds">Those that the API serves; who may read one of them may call, and what a call may do is decided by the operation
    /// behind it.</param>
    public static void MapResourceRpc(this IEndpointRouteBuilder routes, IReadOnlyCollection<Kind> kinds)
    {
        var readers = kinds.Select(kind => kind.ReadPermission).Distinct().ToArray();
        routes.MapRpc(new ResourceRpcService(routes.ServiceProvider.GetRequiredService<InProcessApi>(), new ResourcePath(kinds)))
            .Requires(readers).InProject().DecidedByResource(); // which the API does that it asks
    }

    /// <summary>For reflection and health.</summary>
    public static Google.Protobuf.Reflection.ServiceDescriptor Descriptor => ResourceService.Descriptor;
}

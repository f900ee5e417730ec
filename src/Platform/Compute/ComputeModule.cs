using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Compute.Api;
using Strata.Compute.Dispatch;
using Strata.Compute.Members;
using Strata.Contracts;
using Strata.Entities.Engine;

namespace Strata.Compute;

/// <summary>Who executes processors and criteria. The engine is made before the services, so the host makes the directory and hands it to both.</summary>
public static class ComputeModule
{
    /// <summary>What the engine asks.</summary>
    public static MemberComputation Computation(MemberDirectory directory, ComputeLimits limits, TimeProvider time) => new(directory, new InProcessComputation([], []), limits, time);

    public static IServiceCollection AddCompute(this IServiceCollection services, MemberDirectory directory) =>
        services.AddSingleton(directory).AddSingleton<MemberEndpoints>().AddSingleton<CallsEndpoint>().AddPermissions(
            new Permission(MemberEndpoints.Read, Roles.Viewer, Roles.Developer, Roles.Application, Roles.Machine),
            new Permission("compute.join", Roles.Developer, Roles.Application, Roles.Machine));

    public static void MapCompute(this IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<MemberEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<CallsEndpoint>().Map(routes);
    }
}

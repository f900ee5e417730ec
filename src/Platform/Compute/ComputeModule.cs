using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Compute.Api;
using Strata.Compute.Dispatch;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Contracts;
using Strata.Core.Sharing;
using Strata.Entities.Engine;
using Strata.Resources.Background;

namespace Strata.Compute;

/// <summary>
/// Who executes processors and criteria. The engine is made before the services, so the host makes the directory and hands it to both.
/// </summary>
public static class ComputeModule
{
    /// <summary>What the engine asks.</summary>
    public static MemberComputation Computation(MemberDirectory directory, PeerCalls others, ComputeLimits limits, TimeProvider time) =>
        new(directory, others, new InProcessComputation([], []), limits, time);

    public static IServiceCollection AddCompute(this IServiceCollection services, MemberDirectory directory) =>
        services.AddSingleton(directory).AddSingleton<ComputeMetrics>().AddSingleton<MemberEndpoints>().AddSingleton<CallsEndpoint>()
            .AddPermissions(
            new Permission(MemberEndpoints.Read, Roles.Viewer, Roles.Developer, Roles.Application, Roles.Machine),
            new Permission("compute.join", Roles.Developer, Roles.Application, Roles.Machine));

    /// <summary>
    /// Lets members of other servers work for this one and the other way round. Needs <see cref="PeerServices.AddPeers"/>.
    /// </summary>
    /// <param name="computation">What the engine asks: calls of other servers go the same way.</param>
    public static IServiceCollection AddPeerCompute(this IServiceCollection services, PeerCalls others, MemberComputation computation) =>
        services.AddSingleton(others).AddSingleton(computation.Local).AddSingleton<PeerEndpoints>().AddSingleton<PeerReports>()
            .AddSingleton<MemberAnnouncements>().AddSingleton<IShareReport>(x => x.GetRequiredService<MemberAnnouncements>())
            .AddSupervised<PeerMembersFollower>();

    public static void MapCompute(this IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<ComputeMetrics>(); // reports from now on
        routes.ServiceProvider.GetRequiredService<MemberEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<CallsEndpoint>().Map(routes);
        routes.ServiceProvider.GetService<PeerEndpoints>()?.Map(routes);
    }
}

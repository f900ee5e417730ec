using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Certificates.Api;
using Strata.Certificates.Issuing;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Controllers;
using Strata.Resources.Hosts;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Certificates;

/// <summary>
/// Certificates for the hosts that edges serve over HTTPS, and who issues them. Needs the engine, the change feed, the API's services and
/// the cloud's <see cref="SealedSecrets"/>.
/// </summary>
public static class CertificatesModule
{
    public static readonly IReadOnlyList<Kind> Kinds = CertificateKinds.All;

    public static IServiceCollection AddCertificates(this IServiceCollection services, CertificateOptions options)
    {
        services.AddPermissions(new Permission(CertificateKinds.KeyPermission, Roles.Edge));
        AddStore(services, CertificateKinds.Certificate);
        AddStore(services, CertificateKinds.Issuer);
        AddStore(services, HostClaimKind.Kind);
        AddStore(services, ProjectKind.Kind);
        services.AddInformer<HostClaimSpec, Nothing>(CertificateKinds.ClaimsByHost);
        services.AddInformer<CertificateSpec, CertificateStatus>(CertificateKinds.CertificatesByProject, CertificateKinds.MadeByHost);
        services.AddInformer<ProjectSpec, Nothing>();
        services.AddSingleton<ISpecAdmission, CertificateAdmission>().AddSingleton<IDeletionGuard, InternalIssuerGuard>()
            .AddSingleton<IDeletionGuard, MadeCertificateGuard>();
        services.AddSingleton(s => new DnsHook(options.DnsHook, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<InternalAuthority>().AddSingleton<Issuers>().AddSingleton<OrderPlaces>().AddSingleton<CertificateEndpoints>();
        services.AddController<IssuerController, IssuerSpec, IssuerStatus>();
        services.AddController<HostsController, HostClaimSpec, Nothing>();
        return services.AddController<CertificateController, CertificateSpec, CertificateStatus>();
    }

    /// <summary>Makes the cloud's own authority if it is missing; by one server at a time.</summary>
    public static Task EnsureAuthorityAsync(this IServiceProvider services, CancellationToken cancellationToken) =>
        services.GetRequiredService<InternalAuthority>().EnsureAsync(cancellationToken);

    public static void MapCertificates(this IEndpointRouteBuilder routes) =>
        routes.ServiceProvider.GetRequiredService<CertificateEndpoints>().Map(routes);

    private static void AddStore<TSpec, TStatus>(IServiceCollection services, Kind<TSpec, TStatus> kind) =>
        services.TryAddSingleton(
            x => new ResourceStore<TSpec, TStatus>(x.GetRequiredService<EntityEngine>(), kind, x.GetRequiredService<TimeProvider>()));
}

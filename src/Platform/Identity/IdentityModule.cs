using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Api.Auth.Administrators;
using Strata.Api.Auth.Explaining;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Entities.Engine;
using Strata.Identity.Account;
using Strata.Identity.Authentication;
using Strata.Identity.Clients;
using Strata.Identity.Keys;
using Strata.Identity.Providers;
using Strata.Identity.Tokens;
using Strata.Resources.Background;
using Strata.Resources.Kinds;

namespace Strata.Identity;

/// <summary>
/// Authentication beyond the API's own tokens: machine clients with access tokens, users of external issuers. Needs the engine, the log,
/// the API's services and the cloud's <see cref="Core.SealedSecrets"/>.
/// </summary>
public static class IdentityModule
{
    public static readonly IReadOnlyList<Kind> Kinds = [ClientKind.Kind, KeyPairKind.Kind, TrustedKeyKind.Kind, ProviderKind.Kind];

    public static IServiceCollection AddIdentity(this IServiceCollection services, IdentityOptions options)
    {
        services.AddSingleton(options);
        services.AddPermissions(new Permission(AccountEndpoints.Read, Roles.Viewer, Roles.Developer, Roles.Application, Roles.Machine));
        AddStore(services, ClientKind.Kind);
        AddStore(services, KeyPairKind.Kind);
        AddStore(services, TrustedKeyKind.Kind);
        AddStore(services, ProviderKind.Kind);
        AddStore(services, OrganizationKind.Kind);
        services.AddSingleton<ClientStore>().AddSingleton<SigningKeys>().AddSingleton<TrustedKeyStore>().AddSingleton<ProviderStore>()
            .AddSingleton<ProviderDocuments>();
        services.AddSingleton<AccessTokens>().AddSingleton<ExternalTokens>().AddSingleton<JwtAuthenticator>();
        services.Replace(ServiceDescriptor.Singleton<IAuthenticator>(s => s.GetRequiredService<JwtAuthenticator>()));
        services.AddSingleton<TokenEndpoint>().AddSingleton<ClientEndpoints>().AddSingleton<KeyPairEndpoints>()
            .AddSingleton<TrustedKeyEndpoints>().AddSingleton<ProviderEndpoints>();
        services.AddSingleton<IAccessHolders, ClientHolders>();
        services.AddSingleton<AccountEndpoints>().AddSingleton<IDeletionGuard, OwnClientGuard>();
        services.AddSingleton<IAdministratorSource, ClientAdministrators>().AddSingleton<IAdministratorSource, ProviderAdministrators>();
        return services.AddSupervised<IdentityChanges>();
    }

    public static void MapIdentity(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        services.GetRequiredService<TokenEndpoint>().Map(routes);
        services.GetRequiredService<ClientEndpoints>().Map(routes);
        services.GetRequiredService<KeyPairEndpoints>().Map(routes);
        services.GetRequiredService<TrustedKeyEndpoints>().Map(routes);
        services.GetRequiredService<ProviderEndpoints>().Map(routes);
        services.GetRequiredService<AccountEndpoints>().Map(routes);
    }

    private static void AddStore<TSpec, TStatus>(IServiceCollection services, Kind<TSpec, TStatus> kind) =>
        services.TryAddSingleton(
            x => new ResourceStore<TSpec, TStatus>(x.GetRequiredService<EntityEngine>(), kind, x.GetRequiredService<TimeProvider>()));
}

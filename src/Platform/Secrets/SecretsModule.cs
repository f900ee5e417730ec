using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Background;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;
using Strata.Secrets.DataKeys;
using Strata.Secrets.Values;

namespace Strata.Secrets;

/// <summary>
/// Secrets, and the keys that they and all other secrets of the cloud are sealed with. Needs the engine, the durable values, the leases,
/// the change feed and the API's services.
/// </summary>
public static class SecretsModule
{
    public static readonly IReadOnlyList<Kind> Kinds = [SecretKind.Kind, DataKeyKind.Kind];

    /// <param name="keys">Opened.</param>
    /// <param name="kinds">Every kind there is.</param>
    public static IServiceCollection AddSecrets(this IServiceCollection services, CloudKeys keys, IReadOnlyList<Kind> kinds)
    {
        services.AddSingleton(keys).AddSingleton(keys.Secrets);
        services.AddPermissions(new Permission(SecretKind.RevealPermission));
        services.AddSecretReader();
        services.AddSingleton<SecretEndpoints>().AddSingleton<EncryptionEndpoints>();
        services.AddController<SecretController, SecretSpec, SecretStatus>();
        services.AddSupervised<DataKeyWatch>();
        services.AddSingleton(new SealedKinds([.. kinds.Where(k => k.SealedStatus.Count > 0)]));
        return services.AddSupervised<Resealing>();
    }

    /// <summary>
    /// Secrets for what uses them. Needs the engine, the durable values, the clock, and what secrets are sealed with
    /// (<see cref="SealedSecrets"/>).
    /// </summary>
    public static IServiceCollection AddSecretReader(this IServiceCollection services) =>
        services.AddSingleton<SecretValues>()
            .AddSingleton(s => new ResourceStore<SecretSpec, SecretStatus>(
                s.GetRequiredService<EntityEngine>(), SecretKind.Kind, s.GetRequiredService<TimeProvider>()))
            .AddSingleton(s => new SecretReader(
                s.GetRequiredService<ResourceStore<SecretSpec, SecretStatus>>(), s.GetRequiredService<SecretValues>()));

    public static void MapSecrets(this IEndpointRouteBuilder routes)
    {
        routes.ServiceProvider.GetRequiredService<SecretEndpoints>().Map(routes);
        routes.ServiceProvider.GetRequiredService<EncryptionEndpoints>().Map(routes);
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Core.Background;
using Strata.Deployments.Kinds;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Workflows;
using Strata.Entity.Benchmarks;
using Strata.Identity;
using Strata.Resources;
using Strata.Resources.Kinds;
using Strata.Secrets;
using Strata.Secrets.DataKeys;
using Strata.Storage.Postgres;

namespace Strata.Authz.Benchmarks;

/// <summary>
/// What decides about each request, composed as the program composes it, on the cloud's database: without HTTP around it, and over a log
/// that counts what it is asked. Nothing notifies it of changes.
/// </summary>
internal sealed class Evaluator : IAsyncDisposable
{
    private static readonly Kind[] Kinds =
        [OrganizationKind.Kind, ProjectKind.Kind, Api.Auth.Tokens.TokenKind.Kind, Api.Auth.CustomRoles.RoleKind.Kind,
            .. IdentityModule.Kinds, .. SecretsModule.Kinds, .. DeploymentKinds.All];

    /// <summary>Machine clients hold it.</summary>
    private const string Permission = "access.me";

    private readonly PostgresStore store;
    private readonly ServiceCollection composition;
    private readonly CountedLog log;
    private ServiceProvider services;
    private IAuthenticator authenticator;

    private Evaluator(PostgresStore store, ServiceCollection composition, CountedLog log)
    {
        (this.store, this.composition, this.log) = (store, composition, log);
        services = composition.BuildServiceProvider();
        authenticator = services.GetRequiredService<IAuthenticator>();
    }

    /// <summary>Calls of the log so far.</summary>
    public long Queries => log.Calls;

    public static async Task<Evaluator> OpenAsync(Cloud cloud)
    {
        var time = TimeProvider.System;
        var store = await PostgresStore.OpenAsync(
            new PostgresOptions { ConnectionString = cloud.ConnectionString }, time, NullLoggerFactory.Instance, CancellationToken.None);
        var (log, counted) = CountedLog.Over(store.Log);
        var engine = new EntityEngine(
            log, new StaticDefinitions([.. Kinds.Select(k => k.Definition)]), new InProcessComputation([], []), time);
        var secrets = await new CloudKeys(cloud.Options.MasterKey, store.DurableValues, engine, time).OpenAsync(CancellationToken.None);
        var services = new ServiceCollection();
        services.AddLogging().AddSingleton(time).AddSingleton(new Supervisor(time, NullLogger<Supervisor>.Instance));
        services.AddStorage(store, log).AddSingleton(engine).AddSingleton(secrets);
        services.AddStrataApi(Kinds).AddIdentity(new IdentityOptions { PublicUrl = cloud.Options.PublicUrl });
        return new Evaluator(store, services, counted);
    }

    /// <summary>From now on as after a start: nothing is cached.</summary>
    public async Task RestartAsync()
    {
        await services.DisposeAsync();
        services = composition.BuildServiceProvider();
        authenticator = services.GetRequiredService<IAuthenticator>();
    }

    /// <summary>Verifies a token and decides one permission.</summary>
    public async ValueTask DecideAsync(string token)
    {
        var found = await authenticator.AuthenticateAsync(token, CancellationToken.None);
        if (!found.IsOk || !found.Value.May(Permission)) throw new InvalidOperationException("The token was refused.");
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await store.DisposeAsync();
    }
}

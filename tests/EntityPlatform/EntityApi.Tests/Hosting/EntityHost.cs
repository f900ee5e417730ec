using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth.Tokens;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Workflows;
using Strata.EntityApi.Webhooks;
using Strata.Resources;
using Strata.Resources.Kinds;
using Strata.Rpc.Listening;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Hosting;

/// <summary>The entity API on a real port over one of the stores, with two organizations.</summary>
public sealed class EntityHost : IAsyncDisposable
{
    private static readonly IReadOnlyList<Kind> Kinds =
        [OrganizationKind.Kind, ProjectKind.Kind, EnvironmentKind.Kind, TokenKind.Kind, RoleKind.Kind, WebhookKind.Kind];

    /// <summary>One for all, so that a host that is started again opens what the former one sealed.</summary>
    private static readonly byte[] Key = System.Security.Cryptography.RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes);

    /// <summary>Stores whose test has its organizations already.</summary>
    private static readonly ConditionalWeakTable<IStore, object> Filled = [];

    private readonly WebApplication app;

    private EntityHost(WebApplication app, IStore store) => (this.app, Store) = (app, store);

    public IStore Store { get; }
    public IEntityLog Log => Store.Log;
    public Uri Address => new(app.Urls.First(u => u.StartsWith("http://127.", StringComparison.Ordinal)));
    public TenantId Org { get; private set; }
    public TenantId OtherOrg { get; private set; }

    /// <summary>May do everything in <see cref="Org"/> and on the platform.</summary>
    public string AdminToken { get; private set; } = "";

    /// <param name="store">Initialized by the caller, who also disposes it. A host that is not its first finds the organizations of that one.</param>
    /// <param name="more">Another module beside the entity API: its kinds, its services, its endpoints.</param>
    public static async Task<EntityHost> StartAsync(
        IStore store, WebhookOptions? webhooks = null, EntityApiLimits? limits = null, Action<IServiceCollection>? configure = null,
        HostedModule? more = null)
    {
        var host = new EntityHost(Build(store, webhooks ?? new WebhookOptions(), limits, configure, more ?? HostedModule.None), store);
        await host.app.StartAsync();
        if (Filled.TryAdd(store, Filled)) await host.FillAsync();
        return host;
    }

    /// <summary>One of its own services.</summary>
    public T Service<T>() where T : notnull => app.Services.GetRequiredService<T>();

    /// <summary>Takes over from a host on the same store.</summary>
    public void Resume(string adminToken, TenantId org) => (AdminToken, Org) = (adminToken, org);

    public HttpClient Client(string? token = null)
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token ?? AdminToken);
        return client;
    }

    public Task<bool> RevokeAsync(TenantId tenant, string name) =>
        app.Services.GetRequiredService<TokenIssuer>().RevokeAsync(new Caller(tenant, "test"), name, default);

    public async Task<string> TokenAsync(TenantId tenant, string name, string[] roles)
    {
        var issuer = app.Services.GetRequiredService<TokenIssuer>();
        var token = new NewResource<TokenSpec> { Name = name, Spec = new TokenSpec { Roles = roles } };
        return (await issuer.IssueAsync(new Caller(tenant, "test"), token, default)).Value.Text;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private static WebApplication Build(
        IStore store, WebhookOptions webhooks, EntityApiLimits? limits, Action<IServiceCollection>? configure, HostedModule more)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Error);
        builder.Services.AddSingleton<IConnectionListenerFactory, HandOverTransport>();
        builder.WebHost.ConfigureKestrel(ListenForBoth);
        Kind[] kinds = [.. Kinds, .. more.Kinds];
        var users = new StoredDefinitions(store.Log, TimeProvider.System);
        var platform = new StaticDefinitions([.. kinds.Select(k => k.Definition), StoredModel.Definition]);
        var engine = new EntityEngine(store.Log, new CompositeDefinitions(platform, users),
            more.Computation ?? new InProcessComputation([], []), TimeProvider.System);
        builder.Services.AddStorage(store);
        builder.Services.AddSingleton(webhooks).AddSingleton(new SealedSecrets(Key));
        builder.Services.AddSingleton(engine).AddSingleton(new ModelCatalog(engine, users));
        builder.Services.AddStrataApi(kinds);
        builder.Services.AddEntityApi(limits);
        more.AddServices(builder.Services);
        configure?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseStrataApi();
        app.MapStrataApi(kinds);
        app.MapEntityApi();
        more.Map(app);
        return app;
    }

    /// <summary>HTTP/1.1 and HTTP/2 on one port, as the server has it.</summary>
    private static void ListenForBoth(KestrelServerOptions kestrel)
    {
        var priorKnowledge = new PriorKnowledge(TimeSpan.FromSeconds(60));
        kestrel.AddServerHeader = false;
        kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(priorKnowledge.Use);
        });
        kestrel.Listen(priorKnowledge.Http2, listen => listen.Protocols = HttpProtocols.Http2);
    }

    private async Task FillAsync()
    {
        // An earlier test may have had the same database.
        var head = await Log.HeadAsync(TenantId.Platform, default);
        var suffix = head == Revision.None ? "" : $"-{head.Value}";
        Org = await AddOrganizationAsync("default" + suffix);
        OtherOrg = await AddOrganizationAsync("other" + suffix);
        AdminToken = await TokenAsync(Org, "admin", [Roles.Admin, Roles.Operator]);
    }

    private async Task<TenantId> AddOrganizationAsync(string name)
    {
        var engine = app.Services.GetRequiredService<EntityEngine>();
        var organizations = new ResourceStore<OrganizationSpec, Nothing>(engine, OrganizationKind.Kind, TimeProvider.System);
        var projects = new ResourceStore<ProjectSpec, Nothing>(engine, ProjectKind.Kind, TimeProvider.System);
        var made = await organizations.CreateAsync(
            new Caller(TenantId.Platform, "test"), new NewResource<OrganizationSpec> { Name = name, Spec = new() }, null, default);
        Assert.True(TenantId.TryParse(made.Value.Id, out var tenant));
        await projects.CreateAsync(new Caller(tenant, "test"), new NewResource<ProjectSpec> { Name = "web", Spec = new() }, null, default);
        return tenant;
    }
}

/// <summary>A module that a host serves beside the entity API.</summary>
public sealed record HostedModule(IReadOnlyList<Kind> Kinds, Action<IServiceCollection> AddServices, Action<WebApplication> Map)
{
    public static readonly HostedModule None = new([], _ => { }, _ => { });

    /// <summary>Who executes processors and criteria; null: nobody.</summary>
    public IComputation? Computation { get; init; }
}

using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Api.Auth;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth.Tokens;
using Strata.Api.Shares;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using Strata.Resources.Servers;
using Strata.Storage.Memory;

namespace Strata.Api.Tests.Hosting;

/// <summary>The API on a real port over a log in memory, with two organizations and one project in each.</summary>
public sealed class ApiHost : IAsyncDisposable
{
    public static readonly IReadOnlyList<Kind> Kinds =
        [OrganizationKind.Kind, ProjectKind.Kind, EnvironmentKind.Kind, TokenKind.Kind, RoleKind.Kind, WidgetKind.Kind, BoxKind.Kind,
            GadgetKind.Kind];

    private readonly WebApplication app;

    private ApiHost(WebApplication app, MemoryLog log) => (this.app, Log) = (app, log);

    public MemoryLog Log { get; }
    public Uri Address => new(app.Urls.First());
    public TenantId Org { get; private set; }
    public TenantId OtherOrg { get; private set; }
    public string AdminToken { get; private set; } = "";
    public RoleCatalog Catalog => app.Services.GetRequiredService<RoleCatalog>();
    public RoleGrants RoleGrants => app.Services.GetRequiredService<RoleGrants>();
    public ResourceStore<TokenSpec, TokenStatus> Tokens => app.Services.GetRequiredService<ResourceStore<TokenSpec, TokenStatus>>();
    public IServiceProvider Services => app.Services;
    public TokenIssuer Issuer => app.Services.GetRequiredService<TokenIssuer>();

    /// <param name="from">The address that connections seem to come from; null: loopback, as they do.</param>
    /// <param name="principals">Changes what authentication yields, for grants that no token carries; null: nothing.</param>
    /// <param name="log">Of an earlier host, to start again on; null: an empty one, which is filled.</param>
    public static async Task<ApiHost> StartAsync(
        MemoryLog? log = null, int port = 0, Action<WebApplication>? map = null, HttpProtocols protocols = HttpProtocols.Http1,
        ApiLimits? limits = null, IPAddress? from = null, Func<Principal, Principal>? principals = null,
        Action<IServiceCollection>? services = null)
    {
        var host = Create(
            log ?? new MemoryLog(TimeProvider.System), port, protocols, limits ?? ApiLimits.Default, from, principals, services);
        map?.Invoke(host.app);
        await host.app.StartAsync();
        if (log is null) await host.FillAsync();
        return host;
    }

    /// <summary>Places that are used of a common resource.</summary>
    public long Used(string resource) =>
        app.Services.GetServices<IShareReport>().SelectMany(r => r.Shares).Single(s => s.Resource == resource).Used;

    public HttpClient Client(string? token = null)
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token ?? AdminToken);
        return client;
    }

    public async Task<string> TokenAsync(
        TenantId tenant, string name, string[] roles, string? project = null, DateTimeOffset? expiresAt = null)
    {
        var token = new NewResource<TokenSpec> { Name = name,
            Spec = new TokenSpec { Roles = roles, Project = project, ExpiresAt = expiresAt } };
        return (await Issuer.IssueAsync(new Caller(tenant, "test"), token, default)).Value.Text;
    }

    /// <summary>Closes its port, as a killed process does; without a last word to the others.</summary>
    public async Task KillAsync()
    {
        var server = app.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await server.StopAsync(now.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private static ApiHost Create(
        MemoryLog log, int port, HttpProtocols protocols, ApiLimits limits, IPAddress? from, Func<Principal, Principal>? principals,
        Action<IServiceCollection>? services)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Error);
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.ConfigureEndpointDefaults(endpoint =>
            {
                endpoint.Protocols = protocols;
                if (from is not null)
                {
                    endpoint.Use(next => connection =>
                    {
                        connection.RemoteEndPoint = new IPEndPoint(from, 40000);
                        return next(connection);
                    });
                }
                endpoint.Use(kestrel.ApplicationServices.GetRequiredService<AddressConnections>().Use);
            });
        });
        builder.Services.AddSingleton<IEntityLog>(log);
        var users = new StoredDefinitions(log, TimeProvider.System);
        var platform = new StaticDefinitions([.. Kinds.Select(k => k.Definition), ServerKind.Kind.Definition, StoredModel.Definition]);
        var engine = new EntityEngine(
            log, new CompositeDefinitions(platform, users), new InProcessComputation([], []), TimeProvider.System);
        builder.Services.AddSingleton(engine).AddSingleton(new ModelCatalog(engine, users));
        builder.Services.AddSingleton(limits);
        if (principals is not null)
            builder.Services.AddSingleton<IAuthenticator>(
                s => new ChangedPrincipals(s.GetRequiredService<TokenAuthenticator>(), principals));
        builder.Services.AddStrataApi(Kinds);
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.UseStrataApi();
        app.MapStrataApi(Kinds);
        return new ApiHost(app, log);
    }

    public async Task FillAsync()
    {
        Org = await AddOrganizationAsync("default");
        OtherOrg = await AddOrganizationAsync("other");
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

internal sealed class ChangedPrincipals(IAuthenticator inner, Func<Principal, Principal> change) : IAuthenticator
{
    public async ValueTask<Result<Principal>> AuthenticateAsync(string token, CancellationToken cancellationToken)
    {
        var found = await inner.AuthenticateAsync(token, cancellationToken);
        return found.IsOk ? change(found.Value) : found;
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Api.Auth;
using Strata.Api.Auth.Administrators;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth.Explaining;
using Strata.Api.Auth.Tokens;
using Strata.Api.Docs;
using Strata.Api.Http;
using Strata.Api.InProcess;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Api.Organizations;
using Strata.Api.Peers;
using Strata.Api.Shares;
using Strata.Api.Watch;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Sharing;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Background;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Api;

/// <summary>
/// Composes the HTTP API. The host registers <see cref="IEntityLog"/>, <see cref="EntityEngine"/>, ModelCatalog and the kinds (with
/// <see cref="TokenKind"/> among them), then calls these three in order; modules map their own endpoints beside <see cref="MapStrataApi"/>.
/// </summary>
public static class StrataApi
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(5);

    /// <param name="kinds">Every kind there is.</param>
    public static IServiceCollection AddStrataApi(this IServiceCollection services, IReadOnlyCollection<Kind> kinds)
    {
        services.AddSingleton(kinds).AddSingleton(s => new RoleCatalog(kinds, s.GetServices<Permission>()));
        services.TryAddSingleton(TimeProvider.System);
        services.AddRouting();
        services.AddSingleton(
            s => new ResourceStore<TokenSpec, TokenStatus>(
                s.GetRequiredService<EntityEngine>(), TokenKind.Kind, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new ResourceStore<RoleSpec, Nothing>(
            s.GetRequiredService<EntityEngine>(), RoleKind.Kind, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<RoleGrants>();
        services.AddSingleton<ISpecAdmission, RoleAdmission>();
        services.AddSingleton<IDeletionGuard, RoleInUseGuard>().AddSingleton(new RoleHolders(TokenKind.Kind));
        services.AddSingleton<IAccessHolders, TokenHolders>();
        services.AddPermissions(new Permission(AccessEndpoints.Read),
            new Permission(CallerEndpoint.Read, Roles.Viewer, Roles.Developer, Roles.Application, Roles.Machine));
        services.AddSingleton<TokenIssuer>();
        services.AddSupervised<TokenUses>();
        services.AddSingleton<TokenAuthenticator>();
        services.TryAddSingleton<IAuthenticator>(s => s.GetRequiredService<TokenAuthenticator>());
        services.AddInformers();
        services.AddSingleton<OrganizationChoice>().AddSingleton<ProjectChoice>();
        services.TryAddSingleton(new TrustedProxies([]));
        services.AddSingleton<RequestSource>();
        services.AddSingleton<OrganizationEndpoints>();
        services.AddSupervised<TokenRevocations>();
        services.AddSingleton<StreamAccess>();
        services.TryAddSingleton(ApiLimits.Default);
        services.AddSingleton<RequestShares>().AddSingleton<OpenStreams>().AddSingleton<AddressConnections>().AddSingleton<AnswerMemory>();
        services.AddSingleton<IShareReport>(s => s.GetRequiredService<RequestShares>());
        services.AddSingleton<IShareReport>(s => s.GetRequiredService<OpenStreams>());
        services.AddSingleton<IShareReport>(s => s.GetRequiredService<AddressConnections>());
        services.AddSingleton<IShareReport>(s => s.GetRequiredService<AnswerMemory>());
        services.AddSingleton<ResourceLimit>();
        services.AddSingleton<Scoping>().AddSingleton<ResourceAccess>();
        services.AddSingleton<Idempotency.Idempotency>();
        services.AddSingleton<TokenEndpoints>();
        services.AddSingleton<IDeletionGuard, OwnTokenGuard>();
        services.AddSingleton<TokenAdministrators>().AddSingleton<IHeldRights, TokenRights>();
        services.AddSingleton(s => new AdministratorAccess(
            s.GetRequiredService<IEntityLog>(), s.GetRequiredService<TokenAdministrators>(), s.GetServices<IAdministratorSource>(),
            s.GetServices<IHeldRights>()));
        services.AddSingleton<InProcessApi>();
        return services;
    }

    /// <summary>Declares permissions of a module's own endpoints.</summary>
    public static IServiceCollection AddPermissions(this IServiceCollection services, params IEnumerable<Permission> permissions)
    {
        foreach (var permission in permissions) services.AddSingleton(permission);
        return services;
    }

    /// <summary>The steps that every request takes, in this order.</summary>
    public static IApplicationBuilder UseStrataApi(this IApplicationBuilder app)
    {
        var time = app.ApplicationServices.GetRequiredService<TimeProvider>();
        // The host adds the framework's own authentication, in front of all, where a module registers schemes. Only the routes that need
        // those ask for them.
        app.Properties["__AuthenticationMiddlewareSet"] = true;
        app.Use(next =>
        {
            app.ApplicationServices.GetRequiredService<InProcessApi>().Use(next);
            return next;
        });
        app.Use(next => http => RequestIds.InvokeAsync(http, next, time));
        app.UseMiddleware<Problems>();
        app.Use(next => http => RawTargets.InvokeAsync(http, next));
        app.Use(next => http => HeadOfPages.InvokeAsync(http, next));
        app.UseRouting();
        app.UseMiddleware<Authentication>();
        if (app.ApplicationServices.GetService<PeerForwarder>() is { } forwarder) app.UseMiddleware<JoinedForwarding>(forwarder);
        return app;
    }

    /// <summary>Maps the kinds' endpoints, tokens, health and the API's description.</summary>
    /// <param name="kinds">Every kind there is.</param>
    public static void MapStrataApi(this IEndpointRouteBuilder routes, IReadOnlyCollection<Kind> kinds)
    {
        routes.MapKinds(kinds);
        routes.ServiceProvider.GetRequiredService<TokenEndpoints>().Map(routes);
        ActivatorUtilities.CreateInstance<AccessEndpoints>(
            routes.ServiceProvider, kinds, routes.ServiceProvider.GetServices<IAccessHolders>().ToList()).Map(routes);
        ActivatorUtilities.CreateInstance<CallerEndpoint>(routes.ServiceProvider, kinds).Map(routes);
        routes.MapHealth();
        routes.MapDescription(kinds);
        routes.MapDocs();
    }

    /// <summary>
    /// An endpoint that asks for a permission which no kind or module declares would be closed to every role but the administrator's. To
    /// call when all are mapped.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is such a one.</exception>
    public static void RequireDeclaredPermissions(this IEndpointRouteBuilder routes)
    {
        var catalog = routes.ServiceProvider.GetRequiredService<RoleCatalog>();
        var undeclared = routes.DataSources.SelectMany(s => s.Endpoints).SelectMany(e => e.Metadata.GetMetadata<Access>()?.AnyOf ?? [])
            .Where(x => !catalog.Declared.Contains(x)).Distinct().Order().ToList();
        if (undeclared.Count > 0)
            throw new InvalidOperationException($"No kind or module declares the permission {string.Join(", ", undeclared)}.");
    }

    private static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => Answer.Json(json => WriteStatus(json, "ok")))
            .WithMetadata(Describe("getHealth", "Whether the server runs.") with { Answer = Status("ok") }).Open();
        routes.MapGet("/readyz", async (IEntityLog log, TimeProvider time, CancellationToken cancellationToken) =>
        {
            try
            {
                // throws STORAGE_UNAVAILABLE, which is the 503
                await log.HeadAsync(TenantId.Platform, cancellationToken).AsTask().WaitAsync(ReadyWithin, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                throw ApiErrors.StorageSilent.ToException();
            }
            return Answer.Json(json => WriteStatus(json, "ready"));
        }).WithMetadata(Describe("getReadiness", "Whether the server can serve: its storage answers.") with { Answer = Status("ready") })
            .Open();
    }

    private static void MapDescription(this IEndpointRouteBuilder routes, IReadOnlyCollection<Kind> kinds)
    {
        var sources = routes.DataSources;
        var version = typeof(StrataApi).Assembly.GetName().Version?.ToString(3) ?? "0";
        var document = new Lazy<byte[]>(() => System.Text.Encoding.UTF8.GetBytes(
            OpenApiDocument.Write(sources.SelectMany(s => s.Endpoints).Where(IsDescribed), kinds,
                version).ToJsonString(WireJson.Options)));
        routes.MapGet("/", (HttpContext http) => DocsEndpoints.WantsPage(http) ? Results.Redirect("/docs") : Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("name", "Strata API");
            json.WriteString("docs", "/docs");
            json.WriteString("openapi", "/openapi.json");
            json.WriteEndObject();
        })).WithMetadata(Describe("getRoot", "Where the reference page and this description are; a browser is sent to the page.") with
        {
            Answer = Content.Json(
                Schemas.Members(
                    [("name", Schemas.Text()), ("docs", Schemas.Text()), ("openapi", Schemas.Text())], "name", "docs", "openapi")),
        }).Open();
        routes.MapGet("/openapi.json", () => SharedContent.Send(document.Value, "application/json"))
            .WithMetadata(
                Describe("getDescription",
                    "This description.") with { Answer = Content.Json(Schemas.Members([("openapi", Schemas.Text())], "openapi")) }).Open();
    }

    /// <summary>Neither what the cloud's servers ask each other, nor a page for people.</summary>
    private static bool IsDescribed(Endpoint endpoint) =>
        endpoint.Metadata.GetMetadata<PeersOnly>() is null && endpoint.Metadata.GetMetadata<PageRoute>() is null;

    private static void WriteStatus(System.Text.Json.Utf8JsonWriter json, string status)
    {
        json.WriteStartObject();
        json.WriteString("status", status);
        json.WriteEndObject();
    }

    private static Content Status(string status) => Content.Json(Schemas.Members([("status", Schemas.OneOf(status))], "status"));

    private static Operation Describe(string id, string summary) => new() { Id = id, Summary = summary, Tag = "server" };
}

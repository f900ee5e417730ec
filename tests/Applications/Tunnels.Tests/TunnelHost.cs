using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments;
using Strata.Deployments.Kinds;
using Strata.Deployments.Rollout;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Hosts;
using Strata.Resources.Kinds;
using Strata.Storage.Memory;
using Strata.Tunnels.Kinds;
using Strata.Tunnels.Server;

namespace Strata.Tunnels.Tests;

/// <summary>The tunnels' API on a real port over a log in memory, with one tunnel.</summary>
internal sealed class TunnelHost : IAsyncDisposable
{
    private static readonly IReadOnlyList<Kind> Kinds =
        [OrganizationKind.Kind, ProjectKind.Kind, TokenKind.Kind, HostClaimKind.Kind, TunnelKinds.Tunnel, .. NodeKinds.All,
            .. DeploymentKinds.All];

    private readonly WebApplication app;

    private TunnelHost(WebApplication app) => this.app = app;

    public SlowLeases Leases { get; private set; } = null!;
    public TunnelSessions Sessions => app.Services.GetRequiredService<TunnelSessions>();
    public string Token { get; private set; } = "";
    public string TunnelId { get; private set; } = "";

    public static async Task<TunnelHost> StartAsync(TunnelOptions? options = null)
    {
        var time = TimeProvider.System;
        var leases = new SlowLeases(new MemoryLeases(time));
        var log = new MemoryLog(time);
        var definitions = new StaticDefinitions([.. Kinds.Select(k => k.Definition), StoredModel.Definition]);
        var users = new StoredDefinitions(log, time);
        var engine = new EntityEngine(log, definitions, new InProcessComputation([], []), time);
        var stores = new DeploymentStores(
            new(engine, DeploymentKinds.Deployment, time), new(engine, DeploymentKinds.Release, time),
            new(engine, DeploymentKinds.Route, time),
            new(engine, NodeKinds.Instance, time), new(engine, NodeKinds.Node, time), new(engine, OrganizationKind.Kind, time));
        var builder = WebApplication.CreateSlimBuilder();
        // what is cut off on purpose is logged as an error
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Critical);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<IEntityLog>(log).AddSingleton<ILeases>(leases).AddSingleton(engine)
            .AddSingleton(new ModelCatalog(engine, users));
        builder.Services.AddSingleton(stores).AddSingleton(
            new RouteNames(stores, new DeploymentOptions { Home = "/nowhere", HttpPort = 8000 }));
        builder.Services.AddStrataApi(Kinds);
        builder.Services.AddTunnels(options ?? TunnelOptions.Default);
        var app = builder.Build();
        app.UseTunnels();
        app.UseStrataApi();
        app.MapStrataApi(Kinds);
        app.MapTunnels();
        await app.StartAsync();
        var host = new TunnelHost(app) { Leases = leases };
        await host.FillAsync(stores, engine, time);
        return host;
    }

    /// <summary>Where a machine connects.</summary>
    public Uri ConnectUrl =>
        new(app.Urls.First().Replace("http:", "ws:", StringComparison.Ordinal) + $"/api/v1/tunnels/{TunnelId}/connect");

    public HttpClient Client()
    {
        var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        return http;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private async Task FillAsync(DeploymentStores stores, EntityEngine engine, TimeProvider time)
    {
        var platform = new Caller(TenantId.Platform, "test");
        var organization = await stores.Organizations.CreateAsync(
            platform, new NewResource<OrganizationSpec> { Name = "default", Spec = new() }, null, default);
        Assert.True(TenantId.TryParse(organization.Value.Id, out var tenant));
        var caller = new Caller(tenant, "test");
        var projects = new ResourceStore<ProjectSpec, Nothing>(engine, ProjectKind.Kind, time);
        await projects.CreateAsync(caller, new NewResource<ProjectSpec> { Name = "default", Spec = new() }, null, default);
        var tunnels = app.Services.GetRequiredService<ResourceStore<TunnelSpec, TunnelStatus>>();
        TunnelId = (
            await tunnels.CreateAsync(
                caller, new NewResource<TunnelSpec> { Name = "mine", Project = "default", Spec = new() }, null, default)).Value.Id;
        var token = new NewResource<TokenSpec> { Name = "admin", Spec = new TokenSpec { Roles = [Roles.Admin] } };
        Token = (await app.Services.GetRequiredService<TokenIssuer>().IssueAsync(caller, token, default)).Value.Text;
    }
}

/// <summary>Leases that may take their time for tunnels, while a test does something else.</summary>
internal sealed class SlowLeases(ILeases leases) : ILeases
{
    private readonly List<TaskCompletionSource> held = [];
    private TaskCompletionSource? gate;
    private string? lapsesTo;
    private int released;

    /// <summary>How often a term of a tunnel's lease was released.</summary>
    public int Released => Volatile.Read(ref released);

    /// <summary>Completes when a tunnel's lease is asked for while the gate is shut.</summary>
    public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>From now on leases of tunnels are taken, and their takers hear of it only when the gate opens.</summary>
    public void Shut() => gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Right before the next take-over this holder gets the lease.</summary>
    public void LapseBeforeTakeOver(string to) => lapsesTo = to;

    public void Open()
    {
        Pass();
        held.ForEach(shut => shut.TrySetResult());
    }

    /// <summary>From now on leases are not held back; those that are held back stay so until <see cref="Open"/>.</summary>
    public void Pass()
    {
        if (Interlocked.Exchange(ref gate, null) is { } shut) held.Add(shut);
    }

    public async ValueTask<long?> TryHoldAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken)
    {
        var epoch = await leases.TryHoldAsync(name, holder, duration, CancellationToken.None);
        if (Volatile.Read(ref gate) is not { } shut || !name.StartsWith("tunnel/", StringComparison.Ordinal)) return epoch;
        Asked.TrySetResult();
        await shut.Task.WaitAsync(cancellationToken);
        return epoch;
    }

    public ValueTask<bool> RenewAsync(string name, long epoch, TimeSpan duration, CancellationToken cancellationToken) =>
        leases.RenewAsync(name, epoch, duration, cancellationToken);

    public ValueTask<long> TakeOverAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
        leases.TakeOverAsync(name, holder, duration, cancellationToken);

    public async ValueTask<long?> TryTakeOverAsync(
        string name, string holder, string from, TimeSpan duration, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref lapsesTo, null) is { } other) await leases.TakeOverAsync(name, other, duration, cancellationToken);
        return await leases.TryTakeOverAsync(name, holder, from, duration, cancellationToken);
    }

    public async ValueTask ReleaseAsync(string name, long epoch, CancellationToken cancellationToken)
    {
        await leases.ReleaseAsync(name, epoch, cancellationToken);
        if (name.StartsWith("tunnel/", StringComparison.Ordinal)) Interlocked.Increment(ref released);
    }

    public ValueTask ReleaseAllAsync(string prefix, CancellationToken cancellationToken) =>
        leases.ReleaseAllAsync(prefix, cancellationToken);

    public ValueTask<string?> HolderAsync(string name, CancellationToken cancellationToken) => leases.HolderAsync(name, cancellationToken);
}

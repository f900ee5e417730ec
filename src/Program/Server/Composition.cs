using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth.Tokens;
using Strata.Api.Http;
using Strata.Api.Peers;
using Strata.Certificates;
using Strata.CloudEvents;
using Strata.Compute;
using Strata.Compute.Dispatch;
using Strata.Compute.Members;
using Strata.Compute.Peers;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Core.Sharing;
using Strata.Deployments;
using Strata.Deployments.Kinds;
using Strata.Deployments.Source;
using Strata.Entities.Engine;
using Strata.EntityApi;
using Strata.EntityApi.Search;
using Strata.EntityApi.Webhooks;
using Strata.Identity;
using Strata.Nodes.Api;
using Strata.Nodes.Controllers;
using Strata.Nodes.Kinds;
using Strata.ResourceRpc;
using Strata.Resources;
using Strata.Resources.Background;
using Strata.Resources.Controllers;
using Strata.Resources.Hosts;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;
using Strata.Resources.Servers;
using Strata.Resources.Versions;
using Strata.Rpc;
using Strata.Runtimes;
using Strata.Secrets;
using Strata.Secrets.DataKeys;
using Strata.Server.Bootstrap;
using Strata.Server.Hosting;
using Strata.Server.Options;
using Strata.Server.Parts;
using Strata.Server.Status;
using Strata.Storage.PrivateServer;
using Strata.Telemetry;
using Strata.Tunnels;
using Strata.Tunnels.Kinds;

namespace Strata.Server;

/// <summary>What a cloud consists of: the list of its parts, in the order of their start, and what each is given of the others.</summary>
internal sealed class Composition
{
    /// <summary>Every kind that this program knows.</summary>
    public static readonly IReadOnlyList<Kind> Kinds =
        [OrganizationKind.Kind, ProjectKind.Kind, EnvironmentKind.Kind, TokenKind.Kind, RoleKind.Kind, WebhookKind.Kind,
            .. IdentityModule.Kinds, .. SecretsModule.Kinds, ServerKind.Kind, .. NodeKinds.All, .. DeploymentKinds.All,
            TunnelKinds.Tunnel, .. CertificatesModule.Kinds];

    /// <summary>Kinds without endpoints: the platform's own records.</summary>
    private static readonly IReadOnlyList<Kind> InternalKinds = [HostClaimKind.Kind];

    /// <summary>How long after its start a server's own node may lack a heartbeat without a warning.</summary>
    private static readonly TimeSpan FirstHeartbeat = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan TurnTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TurnPause = TimeSpan.FromMilliseconds(100);

    private readonly ServerOptions options;
    private readonly ILoggerFactory loggers;
    private readonly StrataTelemetry telemetry;
    private readonly TimeProvider time;
    private readonly Func<ServerStatus> status;
    private readonly DatabasePart database;
    private readonly StoragePart storage;
    private readonly EnginePart engine;
    private readonly MemberDirectory members;
    private readonly MemberComputation computation;
    private readonly PeerCalls peerCalls = new();
    private readonly BlobsPart blobs;
    private readonly MachinePart machine;
    private readonly ApiPart api;
    private readonly ServersPart servers;
    private readonly SchedulePart schedules;
    private readonly ServerIdentity identity;
    private readonly ServerSelf self;
    private CloudKeys? keys;
    private FirstStart? firstStart;
    private PartToken? agentToken;
    private PartToken? edgeToken;

    public Composition(
        ServerOptions options, ILoggerFactory loggers, StrataTelemetry telemetry, TimeProvider time, Func<ServerStatus> status)
    {
        (this.options, this.loggers, this.telemetry, this.time, this.status) = (options, loggers, telemetry, time, status);
        identity = ServerIdentity.Open(options.Home);
        self = new ServerSelf(identity.ServerId, identity.ServerName, options.PeerAddress, ProgramVersion.Text, time.GetUtcNow())
        {
            Place = ServerPlace.Of(options.Home.Root),
        };
        Supervisor = new Supervisor(time, loggers.CreateLogger<Supervisor>());
        database = new DatabasePart(options, Supervisor, time, loggers.CreateLogger<PrivatePostgres>());
        storage = new StoragePart(database, options.Limits, Supervisor, time, loggers);
        members = new MemberDirectory(ComputeLimits.Default, time);
        computation = ComputeModule.Computation(members, peerCalls, ComputeLimits.Default, time);
        engine = new EnginePart(
            storage, [.. Kinds, .. InternalKinds], computation, options.Limits.Engine, identity.ServerId, time,
            loggers.CreateLogger<EnginePart>());
        blobs = new BlobsPart(options, Supervisor, time);
        machine = new MachinePart(options, time, loggers.CreateLogger<NodeMachine>());
        api = new ApiPart(options, loggers, AddServices, Map);
        servers = new ServersPart(options, api);
        var serverId = new ServerIdPart(database, storage, self, time, loggers.CreateLogger<ServerIdPart>());
        schedules = new SchedulePart(storage, engine, Supervisor, time, loggers);
        Parts =
        [
            new ActionPart("probe", Probe), database, storage, serverId, engine, blobs, machine, new ActionPart("tenancy", PrepareAsync),
            api,
            // After the API, and so stopped before it: while it stops, members leave, and what is due would fail for want of them.
            schedules, new ControllersPart(api), servers,
            new PartTokensPart(PartTokens, Supervisor), .. Agents(), .. Edges(),
        ];
    }

    public IReadOnlyList<IPart> Parts { get; }

    public Supervisor Supervisor { get; }

    /// <inheritdoc cref="ServersPart.Known"/>
    public IReadOnlyList<KnownServer> Servers => servers.Known();

    /// <inheritdoc cref="ServerStatus.Warnings"/>
    public IReadOnlyList<StatusWarning> Warnings
    {
        get
        {
            if (!servers.HasStarted) return [];
            var views = api.Services.GetRequiredService<DeploymentViews>();
            var starting = time.GetUtcNow() - self.StartedAt < FirstHeartbeat ? identity.NodeName : null;
            return [.. servers.Warnings(),
                .. WorkloadWarnings.OfCertificates(
                    In(api.Services.GetRequiredService<Informer<CertificateSpec, CertificateStatus>>().Untyped),
                    In(api.Services.GetRequiredService<Informer<IssuerSpec, IssuerStatus>>().Untyped)),
                .. WorkloadWarnings.Of(In(views.Nodes.Untyped), In(views.Deployments.Untyped), NotIsolated, starting)];
        }
    }

    /// <inheritdoc cref="StrataServer.Failed"/>
    public CancellationToken Failed => api.Failed;

    /// <inheritdoc cref="StrataServer.StopHostUnasked"/>
    public void StopHostUnasked() => api.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

    /// <summary>The administrator's token as it is known outside; set before the start.</summary>
    public string? KnownToken { get; set; }

    /// <summary>The operator has lost the administrator's token and asks for another; set before the start.</summary>
    public bool NewAdminToken { get; set; }

    public string? AdminToken { get; private set; }
    public bool IsNew { get; private set; }
    public IReadOnlyList<string> NotIsolated => machine.Machine?.Runtime.NotIsolated ?? [];

    private static List<Workload> In(KindInformer view) =>
        [.. view.All(null).Select(r => new Workload(ResourceDocument.NameOf(r), r.State))];

    private IEnumerable<IPart> Agents() => options.Agent
        ? [new AgentPart(options, identity.NodeName, machine, EnrolAsync, Supervisor, loggers, time)] : [];

    private IEnumerable<IPart> Edges() => options.EdgeMode switch
    {
        EdgeMode.InProcess => [new EdgePart(options, Supervisor, loggers, time)],
        EdgeMode.Inline => [new EdgeChildPart(options, Supervisor, time, loggers.CreateLogger<EdgeChildPart>())],
        _ => [],
    };

    private IEnumerable<PartToken> PartTokens() => options.Agent ? [agentToken!, edgeToken!] : [edgeToken!];

    private void AddServices(IServiceCollection services)
    {
        services.AddSingleton(time);
        services.AddSingleton(Supervisor);
        services.AddSingleton<IShareReport>(schedules);
        services.AddStorage(storage.Store, engine.Log);
        services.AddSingleton(engine.Engine);
        services.AddSingleton(engine.Catalog);
        services.AddSingleton(blobs.Store);
        services.AddSingleton(machine.Machine!.Sandbox);
        services.AddSingleton(options.Limits.Api);
        services.AddSingleton<HostClaims>().AddSupervised<HostClaimKeeper>();
        services.AddSingleton(engine.Versions).AddSingleton(new TrustedProxies(options.TrustedProxies));
        if (engine.Versions.Changed.Any()) services.AddSupervised<KindUpgrade>();
        services.AddStrataApi(Kinds).AddPermissions(
            new Permission("kinds.read", Roles.Viewer, Roles.Developer), new Permission("status.read", Roles.Viewer, Roles.Developer));
        services.AddSingleton(new WebhookOptions { AllowPrivate = options.PrivateWebhooks });
        services.AddSingleton(options.Limits.Search);
        services.AddEntityApi(options.Limits.EntityApi);
        services.AddIdentity(
            new IdentityOptions
            {
                PublicUrl = options.PublicUrl, AllowPrivateProviders = options.PrivateProviders,
                Mail = options.Mail,
                // Where the first two are forwarded from, nothing else listens: they take root's rights.
                EdgePorts = [80, 443, options.HttpPort, options.HttpsPort, options.HttpsPublicPort ?? options.HttpsPort],
            });
        services.AddServers(self).AddPeers();
        services.AddSecrets(keys!, Kinds);
        services.AddCompute(members).AddPeerCompute(peerCalls, computation);
        services.AddCloudEvents();
        services.AddNodeEndpoints();
        services.AddAbandonedDeletions(Kinds);
        services.AddController<TokenExpiryController, TokenSpec, TokenStatus>();
        services.AddController<InstanceTokenController, InstanceSpec, InstanceStatus>();
        services.AddController<NodeLossController, NodeSpec, NodeStatus>();
        var source = SourceLimits.Default with { AllowPrivateGit = options.PrivateGit };
        services.AddDeployments(new DeploymentOptions
        {
            Home = options.Home.Root, HttpPort = options.HttpPort, Source = source, Quota = options.Limits.Quota,
            BuildsMax = options.Limits.BuildsMax,
            BuildsPerOrganizationMax = options.Limits.BuildsPerOrganizationMax > 0 ? options.Limits.BuildsPerOrganizationMax : null,
            BuildsWaitingMax = options.Limits.BuildsWaitingMax,
        });
        services.AddWorkloadIdentity();
        services.AddTunnels(options.Limits.Tunnels);
        services.AddCertificates(new CertificateOptions { DnsHook = options.DnsHook });
        services.AddSingleton(telemetry).AddServerMetrics(status);
    }

    private void Map(WebApplication app)
    {
        app.UseTunnels();
        app.UseStrataApi();
        app.MapStrataApi(Kinds);
        app.MapEntityApi();
        app.MapIdentity();
        app.MapSecrets();
        app.MapCompute();
        app.MapCloudEvents();
        app.MapResourceRpc(Kinds);
        app.MapRpcHealth(CloudEventsModule.Descriptor, ResourceRpcModule.Descriptor).Open();
        app.MapRpcReflection(CloudEventsModule.Descriptor, ResourceRpcModule.Descriptor).Open();
        app.MapNodeEndpoints();
        app.MapDeployments();
        app.MapWorkloadIdentity();
        app.MapTunnels();
        app.MapCertificates();
        app.MapServer(Kinds, status);
        app.RequireDeclaredPermissions();
    }

    /// <summary>Looking at the machine needs nothing of the other parts and takes as long as all of them.</summary>
    private Task Probe(CancellationToken cancellationToken)
    {
        machine.Begin(cancellationToken);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Creates what must exist before anyone may call. Servers of one cloud that start at the same time do so one after the other.
    /// </summary>
    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await using var alone = await TakeTurnAsync(cancellationToken);
        await CloudPresence.CheckAsync(options.Home, engine.Engine.Log, cancellationToken);
        keys = new CloudKeys(options.MasterKey, storage.Store.DurableValues, engine.Engine, time);
        var secrets = await keys.OpenAsync(cancellationToken);
        await blobs.ClaimFolderAsync(secrets, storage.Store.DurableValues, cancellationToken);
        api.Build();
        var services = api.Services;
        await services.EnsureAuthorityAsync(cancellationToken);
        firstStart = new FirstStart(
            engine.Engine, services.GetRequiredService<TokenIssuer>(), services.GetRequiredService<IAuthenticator>(),
            storage.Store.DurableValues, identity.ServerId, time);
        (var tenant, IsNew) = await firstStart.EnsureOrganizationAsync(cancellationToken);
        await CloudPresence.NoteAsync(options.Home, tenant, cancellationToken);
        AdminToken = await firstStart.EnsureAdminTokenAsync(tenant, KnownToken, NewAdminToken, cancellationToken);
        await new HostAdoption(services.GetRequiredService<HostClaims>(), loggers.CreateLogger<HostAdoption>())
            .RunAsync(Kinds, cancellationToken);
        agentToken = TokenOf(Roles.Agent, options.Home.AgentTokenFile);
        edgeToken = TokenOf(Roles.Edge, options.Home.EdgeTokenFile);
        if (options.Agent) await EnrolAsync(cancellationToken);
        await edgeToken.EnsureAsync(null, cancellationToken);
    }

    private PartToken TokenOf(string role, string path) => new(
        api.Services.GetRequiredService<TokenIssuer>(), api.Services.GetRequiredService<IAuthenticator>(), role, identity.NodeName, path,
        time);

    /// <summary>Registers this machine's node if it is missing, at the start and after it was deleted.</summary>
    private async Task EnrolAsync(CancellationToken cancellationToken)
    {
        var node = await firstStart!.EnsureNodeAsync(identity.NodeName, cancellationToken);
        await agentToken!.EnsureAsync(node, cancellationToken);
    }

    /// <inheritdoc cref="FirstStart.ConfirmAdminTokenAsync"/>
    public Task ConfirmAdminTokenAsync(CancellationToken cancellationToken) => firstStart!.ConfirmAdminTokenAsync(cancellationToken);

    private async Task<HeldLease> TakeTurnAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var lease = await HeldLease.TryTakeAsync(
                storage.Store.Leases, FirstStart.LeaseName, identity.ServerId, TurnTime, time, cancellationToken);
            if (lease is not null) return lease;
            await Task.Delay(TurnPause, time, cancellationToken);
        }
    }
}

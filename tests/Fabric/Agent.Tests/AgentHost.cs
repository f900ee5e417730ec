using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Agent;
using Strata.Nodes.Api;
using Strata.Nodes.Controllers;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;
using Strata.Runtimes;
using Strata.Runtimes.Tests.Machines;
using Strata.Storage.Memory;

namespace Strata.Agent.Tests;

/// <summary>
/// A server in memory, a machine and an agent, joined by the real API. Server and agent can be stopped and started apart.
/// </summary>
internal sealed class AgentHost : IAsyncDisposable
{
    private static readonly IReadOnlyList<Kind> Kinds = [OrganizationKind.Kind, ProjectKind.Kind, TokenKind.Kind, .. NodeKinds.All];

    private readonly MemoryLeases leases = new(TimeProvider.System);
    private readonly MemoryLog log;
    private readonly MemoryLines lines = new(TimeProvider.System);
    private readonly ConcurrentDictionary<string, byte[]> blobs = new();
    private readonly TestMachine machine;
    private WebApplication? app;
    private CancellationTokenSource? agentStop;
    private NodeAgent? agent;
    private Task agentLoop = Task.CompletedTask;
    private StrataClient? agentClient;
    private string agentToken = "";
    private int port;

    private AgentHost(TestMachine machine) => (this.machine, log) = (machine, new MemoryLog(TimeProvider.System, leases));

    public TestMachine Machine => machine;
    public TenantId Org { get; private set; }
    public string Project { get; private set; } = "";
    public string Node { get; private set; } = "";
    public ResourceStore<InstanceSpec, InstanceStatus> Instances { get; private set; } = null!;
    public Caller Caller => new(Org, "test");
    public StrataClient Admin { get; private set; } = null!;
    public ILeases Leases => leases;

    /// <summary>All background work of the present agent.</summary>
    public Supervisor Supervisor { get; private set; } = null!;

    public static async Task<AgentHost> StartAsync(RuntimeChoice choice, NodeMachineOptions? options = null, SmallDisk? disk = null)
    {
        var host = new AgentHost(await TestMachine.OpenAsync(choice, options, disk));
        try
        {
            await host.StartServerAsync();
            await host.FillAsync();
            host.StartAgent();
            return host;
        }
        catch
        {
            await host.machine.DisposeAsync();
            throw;
        }
    }

    public async Task StartServerAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Error);
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var users = new StoredDefinitions(log, TimeProvider.System);
        var definitions = new CompositeDefinitions(new StaticDefinitions(Kinds.Select(k => k.Definition)), users);
        var engine = new EntityEngine(log, definitions, new InProcessComputation([], []), TimeProvider.System);
        Instances = new(engine, NodeKinds.Instance, TimeProvider.System);
        builder.Services.AddSingleton<IEntityLog>(log).AddSingleton<ILeases>(leases).AddSingleton<ILines>(lines).AddSingleton(engine)
            .AddSingleton(new ModelCatalog(engine, users)).AddSingleton(Instances)
            .AddSingleton(new ResourceStore<NodeSpec, NodeStatus>(engine, NodeKinds.Node, TimeProvider.System)).AddStrataApi(Kinds)
            .AddNodeEndpoints()
            .AddPermissions(new Permission("blobs.read", Roles.Agent));
        app = builder.Build();
        app.UseStrataApi();
        app.MapStrataApi(Kinds);
        app.MapNodeEndpoints();
        app.MapApi("GET", "/api/v1/blobs/{digest}", "blobs.read", BlobOperation, GetBlobAsync);
        await app.StartAsync();
        port = new Uri(app.Urls.First()).Port;
    }

    public async Task StopServerAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        try
        {
            await app!.StopAsync(now.Token);
        }
        catch (Exception e) when (now.IsCancellationRequested && e is AggregateException or OperationCanceledException)
        {
            // As a server that is killed: what has not ended by then is cancelled and not waited for.
        }
        await app!.DisposeAsync();
    }

    /// <summary>A client with an agent's token; the caller disposes it.</summary>
    public StrataClient AgentClient() => ClientOf(agentToken);

    public StrataClient ClientOf(string token) => new(new Uri($"http://127.0.0.1:{port}"), token, new ClientOptions { RetriesMax = 1 });

    /// <summary>What the server's controller does with an instance that has ended.</summary>
    public async Task RevokeEndedAsync(string id) => await new InstanceTokenController(
        app!.Services.GetRequiredService<InstanceTokens>(), TimeProvider.System).ReconcileAsync(await GetAsync(id), default);

    public string OrgId => Org.ToString();

    /// <summary>Why the present agent's last heartbeat was not accepted; null: it was.</summary>
    public string? LastBeatError => agent!.LastBeatError;

    private string TokenFile => Path.Combine(machine.Home, "agent.token");

    /// <summary>Another secret for the agent's token, which is not in its file yet. The one before is refused from now on.</summary>
    public async Task<string> RotateAgentTokenAsync()
    {
        var (issuer, platform) = (app!.Services.GetRequiredService<TokenIssuer>(), new Caller(TenantId.Platform, "test"));
        var spec = new TokenSpec { Roles = [Roles.Agent], Node = Node };
        var rotated = await issuer.RotateAsync(platform, new NewResource<TokenSpec> { Name = "agent", Spec = spec }, null, default);
        agentToken = rotated.Value.Text;
        Assert.True((await issuer.EndFormerAsync(platform, rotated.Value.Resource.Id, default)).IsOk);
        return agentToken;
    }

    public void WriteAgentToken() => AtomicFile.WritePrivate(TokenFile, agentToken);

    public void StartAgent()
    {
        agentStop = new CancellationTokenSource();
        agentClient = new StrataClient(
            new Uri($"http://127.0.0.1:{port}"), token: null, new ClientOptions { RetriesMax = 1, TokenFile = TokenFile });
        var options = new NodeAgentOptions { Name = "node-1", Heartbeat = TimeSpan.FromMilliseconds(500) };
        Supervisor = new Supervisor(TimeProvider.System, NullLogger<Supervisor>.Instance);
        agent = new NodeAgent(agentClient, machine.Machine, options, Supervisor, TimeProvider.System, NullLoggerFactory.Instance);
        agentLoop = agent.RunAsync(agentStop.Token);
    }

    public async Task StopAgentAsync()
    {
        await agentStop!.CancelAsync();
        await agentLoop.WaitAsync(TimeSpan.FromSeconds(60));
        agentClient!.Dispose();
    }

    public async Task DeleteNodeAsync()
    {
        var nodes = app!.Services.GetRequiredService<ResourceStore<NodeSpec, NodeStatus>>();
        Assert.True((await nodes.DeleteAsync(new Caller(TenantId.Platform, "test"), Node, null, default)).IsOk);
    }

    public Task AgentEndedAsync() => agentLoop.WaitAsync(TimeSpan.FromMinutes(2));

    /// <summary>A new life of the agent, which knows nothing but the folder.</summary>
    public async Task RestartAgentAsync()
    {
        await StopAgentAsync();
        await machine.ReopenAsync();
        StartAgent();
    }

    /// <summary>What <c>strata down --all</c> does before it stops anything.</summary>
    public Task LeaveAsync() => agent!.LeaveAsync(default);

    /// <summary>As <c>strata down --all</c> and <c>strata up</c> do.</summary>
    /// <param name="isReported">False: the API could not be reached at the end.</param>
    public async Task RestartNodeAsync(bool isReported = true)
    {
        if (isReported) await LeaveAsync();
        await StopAgentAsync();
        await machine.Machine.TearDownAsync(default);
        await machine.ReopenAsync();
        StartAgent();
    }

    /// <summary>Makes an instance and assigns it to the node.</summary>
    public async Task<string> CreateAsync(
        TestImage image, string command, Func<InstanceSpec, InstanceSpec>? change = null, string name = "app-1")
    {
        foreach (var (digest, bytes) in image.Blobs) blobs[digest] = bytes;
        await Wait.UntilAsync(async () => await NodeIdAsync() is { } id && (Node = id).Length > 0, "the node is registered");
        var spec = new InstanceSpec
        {
            Deployment = "dep_x", Release = "rel_x", Image = image.Digest, Command = ["/bin/sh", "-c", command], MemoryBytes = 128 << 20,
            Health = new HealthCheck { GraceSeconds = 30, IntervalSeconds = 1 },
        };
        var made = await Instances.CreateAsync(
            Caller, new NewResource<InstanceSpec> { Name = name, Project = Project, Spec = change?.Invoke(spec) ?? spec }, null, default);
        var placed = await Instances.ChangeAsync(
            Caller, made.Value.Id, x => x with { Spec = x.Spec with { Node = Node } }, "place", null, default);
        return placed.Value.Id;
    }

    public async Task<Resource<InstanceSpec, InstanceStatus>> GetAsync(string id) =>
        (await Instances.GetAsync(Caller, id, AsOf.Latest, default)).Value;

    public async Task TakeAsync(string id, string transition) =>
        Assert.Null((await Instances.ChangeAsync(Caller, id, x => x, transition, null, default)).Error);

    public async Task<Resource<InstanceSpec, InstanceStatus>> UntilAsync(
        string id, string state, double seconds = 120, Func<Resource<InstanceSpec, InstanceStatus>, bool>? also = null)
    {
        Resource<InstanceSpec, InstanceStatus>? now = null;
        try
        {
            await Wait.UntilAsync(async () => (now = await GetAsync(id)).State == state && (also?.Invoke(now) ?? true), "", seconds);
        }
        catch (Xunit.Sdk.XunitException)
        {
            Assert.Fail($"Not {state} within {seconds} s but {now?.State}: {now?.Status} {Log(id)}");
        }
        return now!;
    }

    public async Task<List<string>> LinesAsync(string id)
    {
        var found = new List<string>();
        await foreach (var line in Admin.LogsAsync("instances", id)) found.Add(line.Text);
        return found;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAgentAsync();
        Admin.Dispose();
        await StopServerAsync();
        await machine.DisposeAsync();
    }

    private string Log(string id)
    {
        var file = Path.Combine(machine.Machine.Paths.Logs, id + ".log.0");
        return File.Exists(file) ? File.ReadAllText(file) : "";
    }

    private async Task<string?> NodeIdAsync() => (await Admin.Resources<NodeSpec, NodeStatus>("nodes").FindAsync("node-1"))?.Id;

    private async Task FillAsync()
    {
        var engine = app!.Services.GetRequiredService<EntityEngine>();
        var organizations = new ResourceStore<OrganizationSpec, Nothing>(engine, OrganizationKind.Kind, TimeProvider.System);
        var made = await organizations.CreateAsync(
            new Caller(TenantId.Platform, "test"), new NewResource<OrganizationSpec> { Name = "default", Spec = new() }, null, default);
        Assert.True(IdText.TryParse("org", made.Value.Id, out var org));
        Org = new TenantId(org);
        var projects = new ResourceStore<ProjectSpec, Nothing>(engine, ProjectKind.Kind, TimeProvider.System);
        Project = (
            await projects.CreateAsync(Caller, new NewResource<ProjectSpec> { Name = "default", Spec = new() }, null, default)).Value.Id;
        var nodes = new ResourceStore<NodeSpec, NodeStatus>(engine, NodeKinds.Node, TimeProvider.System);
        var node = await nodes.CreateAsync(
            new Caller(TenantId.Platform, "test"), new NewResource<NodeSpec> { Name = "node-1", Spec = new() }, null, default);
        agentToken = await TokenAsync(TenantId.Platform, "agent", Roles.Agent, node.Value.Id);
        WriteAgentToken();
        Admin = new StrataClient(new Uri($"http://127.0.0.1:{port}"), await TokenAsync(Org, "admin", Roles.Admin));
    }

    /// <summary>A client of the API as an agent that is bound to a node.</summary>
    public async Task<StrataClient> AgentOfAsync(string node) =>
        new(new Uri($"http://127.0.0.1:{port}"),
            await TokenAsync(TenantId.Platform, "agent-" + node.ToLowerInvariant().Replace('_', '-'), Roles.Agent, node));

    private async Task<string> TokenAsync(TenantId tenant, string name, string role, string? node = null)
    {
        var token = new NewResource<TokenSpec> { Name = name,
            Spec = new TokenSpec { Roles = role == Roles.Admin ? [Roles.Admin, Roles.Operator] : [role], Node = node } };
        return (await app!.Services.GetRequiredService<TokenIssuer>().IssueAsync(new Caller(tenant, "test"), token, default)).Value.Text;
    }

    private static readonly Operation BlobOperation =
        new() { Id = "getBlob", Summary = "x", Tag = "blobs", Parameters = [Parameter.Query("org", "x", Schemas.Text())] };

    private Task<Result<Answer>> GetBlobAsync(ApiCall call) =>
        Task.FromResult<Result<Answer>>(blobs.TryGetValue(call.Route("digest"), out var bytes)
        ? Answer.Stream(http => http.Response.Body.WriteAsync(bytes).AsTask())
        : new Error(ErrorKind.NotFound, "NOT_FOUND", "No such blob."));
}

using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Contracts;
using Strata.Core;
using Strata.Blobs;
using Strata.Blobs.Disk;
using Strata.Deployments.Kinds;
using Strata.Deployments.Source;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Nodes.Logs;
using Strata.Runtimes;
using Strata.Runtimes.Sandbox;
using Strata.Resources.Controllers;
using Strata.Resources.Hosts;
using Strata.Resources.Kinds;
using Strata.Secrets;
using Strata.Secrets.Values;
using Strata.Storage.Memory;

namespace Strata.Deployments.Tests.Support;

/// <summary>
/// All controllers of this module at work over a log in memory, with a fake agent in place of nodes and the machine's real sandbox for
/// builds.
/// </summary>
internal sealed class TestCloud : IAsyncDisposable
{
    private static readonly IReadOnlyList<Kind> Kinds =
        [OrganizationKind.Kind, ProjectKind.Kind, HostClaimKind.Kind, SecretKind.Kind, .. NodeKinds.All, .. DeploymentKinds.All];

    private readonly TempFolder home = new();
    private readonly MemoryLog log = new(TimeProvider.System);
    private readonly IEntityLog counted;
    private readonly MemoryLines lines = new(TimeProvider.System);
    private readonly NodeMachine? machine;
    private IHost? host;

    private TestCloud(NodeMachine? machine, IBlobStore? blobs)
    {
        this.machine = machine;
        Blobs = blobs ?? DiskBlobs.Open(home["blobs"], new BlobLimits(), TimeProvider.System);
        counted = ReadCounter.Over(log);
        Stores = StoresOf(Engine(log));
    }

    public IBlobStore Blobs { get; }

    /// <summary>The test's own, whose reads are not counted.</summary>
    public DeploymentStores Stores { get; }

    /// <summary>Reads of the log by the controllers and all else that runs in the cloud.</summary>
    public int Reads => ((ReadCounter)(object)counted).Reads;

    /// <summary>Resources that controllers wait to look at, or look at.</summary>
    public int Busy => host!.Services.GetRequiredService<IControllerReports>().Report().Sum(c => c.Waiting + c.Running);
    public FakeAgent Agent { get; private set; } = null!;
    public Caller Caller { get; private set; }
    public string Project { get; private set; } = "";

    /// <param name="sandbox">Whether builds may have steps.</param>
    /// <param name="diskReserveBytes">Of the sandbox's disk.</param>
    /// <param name="blobs">Null: on the disk.</param>
    public static async Task<TestCloud> StartAsync(bool sandbox = false, long diskReserveBytes = 0, IBlobStore? blobs = null)
    {
        var temp = new TempFolder();
        var options = new NodeMachineOptions { DiskReserveBytes = diskReserveBytes };
        var machine = sandbox ? await NodeMachine.OpenAsync(
            temp.Path, RuntimeChoice.Auto, options, TimeProvider.System, NullLogger<NodeMachine>.Instance, default) : null;
        var cloud = new TestCloud(machine, blobs);
        cloud.machineHome = temp;
        await cloud.FillAsync();
        await cloud.UpAsync();
        return cloud;
    }

    private TempFolder? machineHome;

    /// <summary>Starts the controllers; also again, after <see cref="DownAsync"/>.</summary>
    public async Task UpAsync()
    {
        host = Build();
        Agent = new FakeAgent(Stores);
        Agent.Start();
        await host.StartAsync();
    }

    public async Task DownAsync()
    {
        await Agent.DisposeAsync();
        await host!.StopAsync();
        host.Dispose();
        host = null;
    }

    public async Task<DeploymentResource> DeploymentAsync(string name, DeploymentSpec? spec = null) =>
        (await Stores.Deployments.CreateAsync(Caller,
            new NewResource<DeploymentSpec> { Name = name, Project = Project, Spec = spec ?? new DeploymentSpec() }, null, default)).Value;

    /// <summary>A secret with a value that nothing here reads: instances do not really run.</summary>
    public async Task<Resource<SecretSpec, SecretStatus>> SecretAsync(string name, string? environment = null)
    {
        var labels = environment is null ? null : new Dictionary<string, string> { [EnvironmentSpec.Label] = environment };
        var secrets = host!.Services.GetRequiredService<ResourceStore<SecretSpec, SecretStatus>>();
        var made = (await secrets.CreateAsync(
            Caller, new NewResource<SecretSpec> { Name = name, Project = Project, Labels = labels, Spec = new() }, null, default)).Value;
        return (await secrets.ChangeAsync(Caller, made.Id, now => now with
        {
            Status = new SecretStatus { LastVersion = 1, Versions = [new SecretVersion(1, "1", now.CreatedAt, "user:test")] },
        }, null, null, default)).Value;
    }

    /// <summary>What the API says of a change of a deployment's release.</summary>
    public async Task<Error?> CheckAsync(DeploymentResource deployment, string release)
    {
        Error? found = null;
        var current = (await log.ReadAsync(Caller.Tenant, DeploymentKinds.Deployment.EntityOf(deployment.Id), AsOf.Latest, default))!;
        var spec = System.Text.Json.JsonElement.Parse($$"""{"release":"{{release}}"}""");
        await Engine(log).TransactAsync(
            Caller, async (transaction, ct) => found = await ReleaseChoice.CheckAsync(transaction, current, spec, ct), default);
        return found;
    }

    /// <returns>The archive's digest.</returns>
    public async Task<string> UploadAsync(byte[] archive) =>
        (await Blobs.PutAsync(Caller.Tenant, null, new MemoryStream(archive), default)).Value.Digest.ToString();

    public async Task<ReleaseResource> ReleaseAsync(string deployment, string name, byte[] archive) =>
        await ReleaseAsync(deployment, name, new SourceConfig { Archive = await UploadAsync(archive) });

    public async Task<ReleaseResource> ReleaseAsync(string deployment, string name, SourceConfig source) =>
        (await Stores.Releases.CreateAsync(
            Caller, new NewResource<ReleaseSpec> { Name = name, Project = Project,
                Spec = new ReleaseSpec { Deployment = deployment, Source = source } }, null, default)).Value;

    public Task<DeploymentResource> UntilAsync(
        string deployment, Func<DeploymentResource, bool> condition, string what, double seconds = 120) => Wait.ForAsync(async () =>
    {
        var now = (await Stores.Deployments.GetAsync(Caller, deployment, AsOf.Latest, default)).Value;
        return condition(now) ? now : null;
    }, what, seconds);

    public Task<ReleaseResource> UntilBuiltAsync(string release, double seconds = 180) => Wait.ForAsync(async () =>
    {
        var now = (await Stores.Releases.GetAsync(Caller, release, AsOf.Latest, default)).Value;
        return now.State is ReleaseStates.Ready or ReleaseStates.Failed && now.Status.Reported ? now : null;
    }, $"{release} is built", seconds);

    public static async Task<List<T>> AllAsync<T>(IAsyncEnumerable<T> items)
    {
        var all = new List<T>();
        await foreach (var item in items) all.Add(item);
        return all;
    }

    public async Task<string> LogAsync(ReleaseResource release)
    {
        var chunks = await lines.ReadAsync(Caller.Tenant, StoreQueries.Entity("rel", release.Id), 0, 1000, default);
        return string.Concat(chunks.Select(x => Encoding.UTF8.GetString(x.Lines.Span)));
    }

    public async ValueTask DisposeAsync()
    {
        if (host is not null) await DownAsync();
        if (machine is not null) await machine.TearDownAsync(CancellationToken.None);
        machineHome?.Dispose();
        home.Dispose();
    }

    private static DeploymentStores StoresOf(EntityEngine engine) => new(
        new(engine, DeploymentKinds.Deployment, TimeProvider.System), new(engine, DeploymentKinds.Release, TimeProvider.System),
        new(engine, DeploymentKinds.Route, TimeProvider.System), new(engine, NodeKinds.Instance, TimeProvider.System),
        new(engine, NodeKinds.Node, TimeProvider.System), new(engine, OrganizationKind.Kind, TimeProvider.System));

    private static EntityEngine Engine(IEntityLog log) =>
        new(log, new StaticDefinitions(Kinds.Select(k => k.Definition)), new InProcessComputation([], []), TimeProvider.System);

    private async Task FillAsync()
    {
        var engine = Engine(log);
        var organization = await new ResourceStore<OrganizationSpec, Nothing>(engine, OrganizationKind.Kind, TimeProvider.System)
            .CreateAsync(new Caller(TenantId.Platform, "test"),
                new NewResource<OrganizationSpec> { Name = "default", Spec = new OrganizationSpec() }, null, default);
        Caller = new Caller(StoreQueries.Tenant(organization.Value.Id), "user:test");
        var project = await new ResourceStore<ProjectSpec, Nothing>(engine, ProjectKind.Kind, TimeProvider.System)
            .CreateAsync(Caller, new NewResource<ProjectSpec> { Name = "default", Spec = new ProjectSpec() }, null, default);
        Project = project.Value.Id;
        var nodes = new ResourceStore<NodeSpec, NodeStatus>(engine, NodeKinds.Node, TimeProvider.System);
        var node = await nodes.CreateAsync(
            new Caller(TenantId.Platform, "test"), new NewResource<NodeSpec> { Name = "node-1", Spec = new NodeSpec() }, null, default);
        await nodes.ChangeAsync(new Caller(TenantId.Platform, "test"), node.Value.Id,
            x => x with { Status = new NodeStatus { Cpus = 2, MemoryBytes = 8L << 30 } }, null, null, default);
    }

    private IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.AddConsole().SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton(counted).AddSingleton<ILines>(lines)
            .AddSingleton<ILeases>(new MemoryLeases(TimeProvider.System));
        builder.Services.AddSingleton(Engine(counted)).AddSingleton<LogStream>();
        builder.Services.AddSingleton(machine?.Sandbox ?? new NoSandbox(home));
        builder.Services.AddSingleton(Blobs);
        builder.Services.AddSingleton<IDurableValues>(new MemoryValues()).AddSingleton(new SealedSecrets(new byte[SealedSecrets.KeyBytes]));
        builder.Services.AddSecretReader();
        builder.Services.AddDeployments(new DeploymentOptions
        {
            Home = home.Path,
            HttpPort = 8000,
            DrainTime = TimeSpan.FromMilliseconds(200),
            Source = SourceLimits.Default with { AllowPrivateGit = true },
        });
        return builder.Build();
    }

    /// <summary>Folders and nothing to run in them.</summary>
    private sealed class NoSandbox(TempFolder home) : ISandbox
    {
        public string Runtime => "none";
        public IReadOnlyList<string> NotIsolated => [];

        public Task<Result<IWorkspace>> CreateWorkspaceAsync(long diskBytes, CancellationToken cancellationToken) =>
            Task.FromResult(
                Result.Of<IWorkspace>(
                    new PlainFolder(
                        Directory.CreateDirectory(
                            home["workspaces/" + Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("n")]).FullName,
                            diskBytes)));

        public Task<SandboxOutcome> RunAsync(SandboxRun run, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("This build should have no steps.");
    }

    private sealed class PlainFolder(string folder, long diskBytes) : IWorkspace
    {
        public string Folder => folder;
        public long DiskBytes => diskBytes;

        public ValueTask DisposeAsync()
        {
            Directory.Delete(folder, recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}

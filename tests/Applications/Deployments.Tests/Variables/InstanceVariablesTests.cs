using System.Text.Json;
using Strata.Api.Auth.Tokens;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Engine;
using Strata.EntityApi.Tests.Hosting;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;
using Strata.Secrets;
using Strata.Secrets.DataKeys;
using Strata.Secrets.Masters;
using Strata.Deployments.Tests.Support;
using Strata.Entities.Definitions;
using Strata.Resources.Servers;
using Strata.Storage.Tests.Contract;

namespace Strata.Deployments.Tests.Variables;

/// <summary>Who gets the values of secrets in an instance's variables.</summary>
public sealed class InstanceVariablesTests : IAsyncLifetime
{
    private const string Reference = "db://${secret.password}@host";

    private readonly MemoryStore store = new();
    private readonly TempFolder folder = new();
    private EntityHost host = null!;
    private string project = "";

    public async ValueTask InitializeAsync()
    {
        await ((IStore)store).InitializeAsync();
        IReadOnlyList<Kind> kinds = [ServerKind.Kind, .. SecretsModule.Kinds, .. NodeKinds.All, .. DeploymentKinds.All];
        var engine = new EntityEngine(
            ((IStore)store).Log, new StaticDefinitions([DataKeyKind.Kind.Definition]), new InProcessComputation([], []),
            TimeProvider.System);
        var keys = new CloudKeys(
            MasterKeySource.Parse("", Path.Combine(folder.Path, "cloud.key"), _ => null), ((IStore)store).DurableValues, engine,
            TimeProvider.System);
        await keys.OpenAsync(default);
        var self = new ServerSelf("one", "one", new Uri("http://127.0.0.1:1"), "1", TimeProvider.System.GetUtcNow());
        host = await EntityHost.StartAsync(store, more: new HostedModule(
            kinds, services => services.AddServers(self).AddSecrets(keys, kinds).AddInstanceVariables(), app =>
            {
                app.MapSecrets();
                app.MapInstanceVariables();
            }));
        project = (await new ResourceStore<ProjectSpec, Nothing>(host.Service<EntityEngine>(), ProjectKind.Kind, TimeProvider.System)
            .GetAsync(Caller, "web", AsOf.Latest, default)).Value.Id;
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await ((IStore)store).DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task Agent_OfTheNode_GetsTheNewestValue()
    {
        await SecretAsync("first", "second");
        var (instance, node) = await InstanceAsync();
        using var agent = host.Client(await AgentAsync(node));
        var answer = await agent.SendJsonAsync("POST", PathOf(instance));
        Assert.True(answer.Status == 200, answer.Body.ToString());
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.Equal("""{"variables":{"URL":"db://second@host","TEXT":"${secret.password}"}}""", answer.Body.GetRawText());
    }

    [Fact]
    public async Task Others_GetNone()
    {
        await SecretAsync("value");
        var (instance, _) = await InstanceAsync();
        using var admin = host.Client();
        Assert.Equal(403, (await admin.SendJsonAsync("POST", PathOf(instance))).Status);
        using var application = host.Client(await host.TokenAsync(host.Org, "app", [Roles.Application]));
        Assert.Equal(403, (await application.SendJsonAsync("POST", PathOf(instance))).Status);
        using var stranger = host.Client(await host.TokenAsync(host.OtherOrg, "other", [Roles.Admin]));
        Assert.Equal(403, (await stranger.SendJsonAsync("POST", PathOf(instance))).Status);
        using var edge = host.Client(await host.TokenAsync(TenantId.Platform, "edge", [Roles.Edge]));
        Assert.Equal(403, (await edge.SendJsonAsync("POST", PathOf(instance))).Status);
        using var other = host.Client(await AgentAsync(await NodeAsync("elsewhere")));
        Assert.Equal(404, (await other.SendJsonAsync("POST", PathOf(instance))).Status);
    }

    [Theory]
    [InlineData("production", null, 404)]
    [InlineData("production", "staging", 404)]
    [InlineData("production", "production", 200)]
    [InlineData(null, "staging", 200)]
    public async Task Environment_OfTheSecret_IsThatOfTheDeployment(string? ofSecret, string? ofDeployment, int status)
    {
        await SecretAsync(ofSecret, ["value"]);
        var (instance, node) = await InstanceAsync(ofDeployment);
        using var agent = host.Client(await AgentAsync(node));
        var answer = await agent.SendJsonAsync("POST", PathOf(instance));
        Assert.Equal(status, answer.Status);
        if (status == 404) Assert.Equal("SECRET_NOT_AVAILABLE", answer.Code);
    }

    [Fact]
    public async Task Instance_ThatHasEnded_GetsNone()
    {
        await SecretAsync("value");
        var (instance, node) = await InstanceAsync();
        using var agent = host.Client(await AgentAsync(node));
        await Instances.ChangeAsync(Caller, instance.Id, i => i, "stop", null, default);
        Assert.Equal("INSTANCE_OVER", (await agent.SendJsonAsync("POST", PathOf(instance))).Code);
    }

    private Caller Caller => new(host.Org, "test");

    private ResourceStore<InstanceSpec, InstanceStatus> Instances => host.Service<ResourceStore<InstanceSpec, InstanceStatus>>();

    private string PathOf(Resource<InstanceSpec, InstanceStatus> instance) => $"/api/v1/instances/{instance.Id}/variables?org={host.Org}";

    private Task SecretAsync(params string[] values) => SecretAsync(null, values);

    private async Task SecretAsync(string? environment, string[] values)
    {
        using var admin = host.Client();
        var made = (await host.Service<ResourceStore<SecretSpec, SecretStatus>>().CreateAsync(Caller, new NewResource<SecretSpec>
        {
            Name = "password", Project = project, Labels = LabelsOf(environment), Spec = new(),
        }, null, default)).Value;
        foreach (var value in values)
        {
            var body = JsonSerializer.Serialize(new { value });
            Assert.Equal(201, (await admin.SendJsonAsync("POST", $"/api/v1/secrets/{made.Id}/versions", body)).Status);
        }
    }

    private async Task<(Resource<InstanceSpec, InstanceStatus> Instance, string Node)> InstanceAsync(string? environment = null)
    {
        var node = await NodeAsync("here");
        var deployment = (await host.Service<ResourceStore<DeploymentSpec, DeploymentStatus>>().CreateAsync(Caller,
            new NewResource<DeploymentSpec> { Name = "shop", Project = project, Labels = LabelsOf(environment), Spec = new() }, null,
            default)).Value;
        var env = new Dictionary<string, string> { ["URL"] = Reference, ["TEXT"] = "$${secret.password}", ["PLAIN"] = "${HOME}" };
        var made = (await Instances.CreateAsync(Caller, new NewResource<InstanceSpec>
        {
            Name = "shop-1", Project = project,
            // Its own label, which anyone who may relabel it could set, decides nothing.
            Labels = LabelsOf("production"),
            Spec = new InstanceSpec
            {
                Deployment = deployment.Id, Release = "rel_x", Image = "sha256:0", Command = ["/bin/app"], Env = env,
            },
        }, null, default)).Value;
        var placed = await Instances.ChangeAsync(
            Caller, made.Id, i => i with { Spec = i.Spec with { Node = node } }, "place", null, default);
        return (placed.Value, node);
    }

    private async Task<string> NodeAsync(string name) => (await new ResourceStore<NodeSpec, NodeStatus>(
        host.Service<EntityEngine>(), NodeKinds.Node, TimeProvider.System).CreateAsync(
            new Caller(TenantId.Platform, "test"), new NewResource<NodeSpec> { Name = name, Spec = new() }, null, default)).Value.Id;

    private async Task<string> AgentAsync(string node) => (await host.Service<TokenIssuer>().IssueAsync(
        new Caller(TenantId.Platform, "test"),
        new NewResource<TokenSpec> { Name = "agent", Spec = new TokenSpec { Roles = [Roles.Agent], Node = node } }, default)).Value.Text;

    private static Dictionary<string, string>? LabelsOf(string? environment) =>
        environment is null ? null : new() { [EnvironmentSpec.Label] = environment };
}

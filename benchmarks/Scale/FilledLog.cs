using System.Diagnostics;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;
using Strata.Storage.Postgres;

namespace Strata.Scale.Benchmarks;

/// <summary>A log that is filled with organizations, each with one running deployment, as controllers would have left them.</summary>
internal sealed class FilledLog(PostgresStore store)
{
    public const int InstancesEach = 5;
    private const int InstancesPerNode = 500;
    private const string By = "bench:scale";
    private const string Image = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LeaseTime = TimeSpan.FromHours(6);

    private readonly List<string> nodes = [];
    private readonly List<(TenantId Tenant, EntityId Route)> routes = [];

    /// <summary>Adds what is missing to so many deployments.</summary>
    public async Task FillAsync(int deployments)
    {
        while (nodes.Count * InstancesPerNode < deployments * InstancesEach) await AddNodeAsync();
        var limits = new ParallelOptions { MaxDegreeOfParallelism = 16 };
        var first = routes.Count;
        await Parallel.ForAsync(first, deployments, limits, async (i, _) => await AddOrganizationAsync(i));
    }

    /// <summary>Until nothing was committed for a while.</summary>
    public async Task RestAsync()
    {
        var (since, seen) = (Stopwatch.GetTimestamp(), await store.Log.ExtentAsync(CancellationToken.None));
        while (Stopwatch.GetElapsedTime(since) < Calm)
        {
            await Task.Delay(200);
            if (await store.Log.ExtentAsync(CancellationToken.None) is var now && now != seen)
                (since, seen) = (Stopwatch.GetTimestamp(), now);
        }
    }

    /// <summary>Changes routes as nobody should, and waits each time until the rollout has put it right.</summary>
    /// <returns>Milliseconds from a change's acknowledgement to the answer's, in order of length.</returns>
    public async Task<List<double>> ChangeAsync(int count)
    {
        var random = new Random(1);
        var taken = new List<double>();
        using var woken = new SemaphoreSlim(0);
        using var wakes = store.Log.OnCommit(_ => woken.Release());
        for (var i = 0; i < count; i++)
        {
            var (tenant, id) = routes[random.Next(routes.Count)];
            var now = (await store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None))!;
            var wrong = JsonText.FromString(
                now.Document.ToString().Replace("\"targets\": [{", "\"message\": \"wrong\", \"targets\": [{", StringComparison.Ordinal));
            var write = new EntityWrite { Id = id, Model = now.Model, Expected = now.Revision, State = now.State, Document = wrong };
            var changed = await AppendAsync(tenant, [write]);
            var since = Stopwatch.GetTimestamp();
            while ((await store.Log.ReadAsync(tenant, id, AsOf.Latest, CancellationToken.None))!.Revision == changed)
                await woken.WaitAsync();
            taken.Add(Stopwatch.GetElapsedTime(since).TotalMilliseconds);
        }
        taken.Sort();
        return taken;
    }

    private async Task AddNodeAsync()
    {
        var id = EntityId.New(TimeProvider.System);
        var name = $"bench-{nodes.Count}";
        var status = new NodeStatus { Cpus = 10_000, MemoryBytes = 1L << 44 };
        await AppendAsync(TenantId.Platform, [Write(NodeKinds.Node, id, NodeStates.Up, name, null, new NodeSpec(), status)]);
        await store.Leases.TakeOverAsync("node/" + name, "bench", LeaseTime, CancellationToken.None); // as its agent would
        nodes.Add(NodeKinds.Node.IdOf(id));
    }

    private async Task AddOrganizationAsync(int number)
    {
        var organization = EntityId.New(TimeProvider.System);
        var tenant = new TenantId(organization.Value);
        await AppendAsync(
            TenantId.Platform,
            [Write(OrganizationKind.Kind, organization, "ACTIVE", $"org-{number}", null, new OrganizationSpec(), Nothing.Instance)]);
        EntityId New() => EntityId.New(TimeProvider.System);
        var (projectId, deploymentId, releaseId, routeId) = (New(), New(), New(), New());
        var project = ProjectKind.Kind.IdOf(projectId);
        var (deployment, release) = (DeploymentKinds.Deployment.IdOf(deploymentId), DeploymentKinds.Release.IdOf(releaseId));
        var run = new RunConfig { Replicas = InstancesEach, MemoryBytes = 64 << 20, Cpu = 0.1 };
        string[] command = ["node", "server.js"];
        var host = $"app.org-{number}.localhost";
        List<EntityWrite> writes =
        [
            Write(ProjectKind.Kind, projectId, "ACTIVE", "default", null, new ProjectSpec(), Nothing.Instance),
            Write(DeploymentKinds.Deployment, deploymentId, DeploymentStates.Running, "app", project,
                new DeploymentSpec { Run = run, Release = release },
                new DeploymentStatus { Release = release, ReadyReplicas = InstancesEach }),
            Write(DeploymentKinds.Release, releaseId, ReleaseStates.Ready, "app-1", project,
                new ReleaseSpec { Deployment = deployment, Source = new SourceConfig { Archive = Image } },
                new ReleaseStatus { Number = 1, Image = Image, Command = command, Reported = true }),
            Write(DeploymentKinds.Route, routeId, RouteStates.Active, "app", project,
                new RouteSpec { Host = host, Deployment = deployment },
                new RouteStatus { DeploymentName = "app", Targets = [new RouteTarget(release, 1, null)] }),
        ];
        for (var i = 0; i < InstancesEach; i++)
        {
            var spec = new InstanceSpec
            {
                Deployment = deployment, Release = release, Node = nodes[number * InstancesEach / InstancesPerNode], Image = Image,
                Command = command,
                MemoryBytes = run.MemoryBytes, Cpu = run.Cpu,
            };
            writes.Add(
                Write(NodeKinds.Instance, New(), InstanceStates.Ready, $"app-{i}", project, spec,
                    new InstanceStatus { Address = "10.0.0.2", Port = 8080 }));
        }
        await AppendAsync(tenant, writes);
        lock (routes) routes.Add((tenant, routeId));
    }

    private static EntityWrite Write<TSpec, TStatus>(
        Kind<TSpec, TStatus> kind, EntityId id, string state, string name, string? project, TSpec spec, TStatus status) => new()
    {
        Id = id, Model = kind.Model, Expected = Revision.None, State = state,
        Document = ResourceDocument.Write(
            kind, name, project, null, JsonText.From(spec, WireJson.Of<TSpec>()), JsonText.From(status, WireJson.Of<TStatus>())).Value,
    };

    private async Task<Revision> AppendAsync(TenantId tenant, IReadOnlyList<EntityWrite> writes)
    {
        var commit = new Commit { Tenant = tenant, Id = CommitId.New(TimeProvider.System), By = By, Writes = writes };
        return await store.Log.AppendAsync(commit, CancellationToken.None) is AppendOutcome.Committed done
            ? done.Revision : throw new InvalidOperationException("The log refused a commit.");
    }
}

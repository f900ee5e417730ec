using Microsoft.Extensions.Logging.Abstractions;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Feed;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;
using Strata.Storage.Memory;

namespace Strata.Resources.Tests.Support;

/// <summary>Engine, stores and feed over a log in memory, with one organization and one project.</summary>
internal sealed class TestCloud : IAsyncDisposable
{
    /// <summary>Lamps by the color that they have, in their organization.</summary>
    public static readonly InformerIndex LampsByColor = InformerIndex.OfMember("color", isGlobal: false, "spec", "color");

    /// <summary>Lamps by their fitting, over all organizations.</summary>
    public static readonly InformerIndex LampsByFitting = InformerIndex.OfMember("fitting", isGlobal: true, "spec", "fitting");

    public static readonly InformerIndex LampsByState = InformerIndex.OfState();

    private readonly Supervisor supervisor = new(TimeProvider.System, NullLogger<Supervisor>.Instance);

    private TestCloud(FaultyLog log)
    {
        Log = log;
        var definitions = new StaticDefinitions([OrganizationKind.Kind.Definition, ProjectKind.Kind.Definition, LampKind.Kind.Definition]);
        Engine = new EntityEngine(log, definitions, new InProcessComputation([], []), TimeProvider.System);
        Projects = new ResourceStore<ProjectSpec, Nothing>(Engine, ProjectKind.Kind, TimeProvider.System);
        Lamps = new ResourceStore<LampSpec, LampStatus>(Engine, LampKind.Kind, TimeProvider.System);
    }

    public FaultyLog Log { get; }
    public EntityEngine Engine { get; }
    public ResourceStore<ProjectSpec, Nothing> Projects { get; }
    public ResourceStore<LampSpec, LampStatus> Lamps { get; }
    public Caller Caller { get; } = new(TenantId.New(TimeProvider.System), "user:test");
    public ChangeFeed Feed { get; private set; } = null!;

    /// <summary>Of lamps and projects; not started.</summary>
    public InformerHub Hub { get; private set; } = null!;
    public Resource<ProjectSpec, Nothing> Project { get; private set; } = null!;

    /// <param name="capacity">Of each follower's queue.</param>
    /// <param name="patience">Of those who wait for the hub's views; null: as in production.</param>
    public static async Task<TestCloud> StartAsync(
        int capacity = ChangeFeed.CapacityDefault, MemoryLeases? leases = null, TimeSpan? patience = null)
    {
        var cloud = new TestCloud(new FaultyLog(new MemoryLog(TimeProvider.System, leases)));
        cloud.Project = (
            await cloud.Projects.CreateAsync(
                cloud.Caller, new NewResource<ProjectSpec> { Name = "home", Spec = new ProjectSpec() }, null, default)).Value;
        cloud.Feed = new ChangeFeed(cloud.Log, TimeProvider.System, cloud.supervisor, capacity) { CheckEvery = TimeSpan.FromSeconds(1) };
        InformerDeclaration[] declared =
        [
            new(cloud.Lamps.Untyped, [LampsByColor, LampsByFitting]), new(cloud.Lamps.Untyped, [LampsByState]),
            new(cloud.Projects.Untyped, []),
        ];
        cloud.Hub = new InformerHub(
            declared, cloud.Log, cloud.Feed, TimeProvider.System, cloud.supervisor) { Patience = patience ?? TimeSpan.FromSeconds(15) };
        await cloud.Feed.StartAsync(default);
        return cloud;
    }

    public static NewResource<LampSpec> NewLamp(string name, int watts = 40) =>
        new() { Name = name, Project = "home", Spec = new LampSpec { Color = "red", Watts = watts } };

    public async Task<Resource<LampSpec, LampStatus>> AddLampAsync(string name, Caller? caller = null) =>
        (await Lamps.CreateAsync(caller ?? Caller, NewLamp(name), null, default)).Value;

    public Task<Result<Resource<LampSpec, LampStatus>>> SetHoursAsync(
        string name, int hours, string? actor = null, string? transition = null) => Lamps.ChangeAsync(
        actor is null ? Caller : Caller with { Actor = actor }, name, lamp => lamp with { Status = lamp.Status with { Hours = hours } },
        transition, null, default).AsTask();

    /// <summary>Returns when the storage has been asked in vain a few times.</summary>
    public Task AwayForAMomentAsync()
    {
        var refused = Log.Refused;
        return Wait.UntilAsync(() => Log.Refused >= refused + 3, "the storage is asked in vain");
    }

    public async ValueTask DisposeAsync()
    {
        await Hub.StopAsync(default);
        await Feed.StopAsync(default);
    }
}

using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using Strata.Resources.Tests.Support;
using Strata.Resources.Versions;
using Strata.Storage.Memory;

namespace Strata.Resources.Tests.Versions;

/// <summary>What an older program wrote is read by the present one, and what a newer one wrote is left alone.</summary>
public sealed class KindVersionsTests
{
    private const string First = """{"name":"desk","spec":{"colour":"red"},"status":{"minutes":120}}""";

    private static readonly Kind<LampSpec, LampStatus> Lamp = new()
    {
        Name = "lamp",
        Plural = "lamps",
        IdPrefix = "lmp",
        Scope = KindScope.Organization,
        Description = "A lamp at its third version.",
        Workflow = KindWorkflow.Load(typeof(LampKind), "lamp.workflow.json"),
        InitialStatus = new LampStatus(),
        Upcasters =
        [
            document => Rename(document["spec"]!.AsObject(), "colour", "color"),
            document => document["status"] = new JsonObject { ["hours"] = (int)document["status"]!["minutes"]! / 60 },
        ],
    };

    private readonly IEntityLog stored = new MemoryLog(TimeProvider.System);
    private readonly EntityEngine old;
    private readonly EntityEngine engine;
    private readonly KindVersions versions = new([Lamp]);
    private readonly List<EntityId> unreadable = [];
    private readonly ResourceStore<LampSpec, LampStatus> lamps;
    private readonly Caller caller = new(TenantId.New(TimeProvider.System), "user:test");

    public KindVersionsTests()
    {
        var definitions = new StaticDefinitions([Lamp.Definition]);
        old = new EntityEngine(stored, definitions, new InProcessComputation([], []), TimeProvider.System);
        engine = new EntityEngine(
            versions.Over(stored, (revision, _) => unreadable.Add(revision.Id)), definitions, new InProcessComputation([], []),
            TimeProvider.System);
        lamps = new ResourceStore<LampSpec, LampStatus>(engine, Lamp, TimeProvider.System);
    }

    [Theory]
    [InlineData(First)]
    [InlineData("""{"v":1,"name":"desk","spec":{"colour":"red"},"status":{"minutes":120}}""")]
    [InlineData("""{"v":2,"name":"desk","spec":{"color":"red"},"status":{"minutes":120}}""")]
    [InlineData("""{"v":3,"name":"desk","spec":{"color":"red"},"status":{"hours":2}}""")]
    public async Task Read_OfEachVersion_IsThePresentOne(string document)
    {
        var id = await WriteOldAsync(document);
        var resource = (await lamps.GetAsync(caller, Lamp.IdOf(id), AsOf.Latest, default)).Value;
        Assert.Equal(("desk", "red", 2), (resource.Name, resource.Spec.Color, resource.Status.Hours));
        var listed = await lamps.ListAsync(new ResourceQuery(caller.Tenant), default);
        Assert.Equal("red", Assert.Single(listed.Value.Items).Spec.Color);
        var history = await lamps.HistoryAsync(caller, Lamp.IdOf(id), 10, null, default);
        Assert.Equal("red", Assert.Single(history.Value.Items).Spec.Color);
        var followed = await engine.Log.FollowAsync(caller.Tenant, Revision.None, 10, default);
        Assert.Equal("red", lamps.ToResource(Assert.Single(followed)).Spec.Color);
        Assert.Empty(unreadable);
    }

    [Fact]
    public async Task Change_OfAnOldDocument_WritesThePresentVersion()
    {
        var id = await WriteOldAsync(First);
        var changed = await lamps.ChangeAsync(
            caller, Lamp.IdOf(id), lamp => lamp with { Status = lamp.Status with { Hours = 3 } }, null, null, default);
        Assert.Equal(3, changed.Value.Status.Hours);
        Assert.Equal(3, ResourceDocument.VersionOf((await stored.ReadAsync(caller.Tenant, id, AsOf.Latest, default))!.Document));
        var past = (await lamps.GetAsync(caller, Lamp.IdOf(id), AsOf.At(new Revision(1)), default)).Value;
        Assert.Equal(("red", 2), (past.Spec.Color, past.Status.Hours));
    }

    [Fact]
    public async Task Upgrade_OldDocuments_AreFoundByWhatTheySayNow()
    {
        await WriteOldAsync(First);
        var other = new Caller(TenantId.New(TimeProvider.System), "user:other");
        await WriteOldAsync(First, other);
        var red = new ResourceQuery(caller.Tenant,
            new Condition.Compare(new Field.Path(JsonPath.Parse("$.spec.color")), Operator.Equal, [JsonText.FromString("\"red\"")]));
        Assert.Empty((await lamps.ListAsync(red, default)).Value.Items);

        var supervisor = new Supervisor(TimeProvider.System, NullLogger<Supervisor>.Instance);
        var upgrade = new KindUpgrade(
            engine, versions, new MemoryLeases(TimeProvider.System), TimeProvider.System, supervisor, NullLogger<KindUpgrade>.Instance);
        Assert.Equal(2, await upgrade.UpgradeAsync(Lamp, null, default));
        Assert.Single((await lamps.ListAsync(red, default)).Value.Items);
        Assert.Equal(0, await upgrade.UpgradeAsync(Lamp, null, default));
    }

    [Fact]
    public async Task Change_OfADocumentOfANewerProgram_IsRefusedAndReadingIsNot()
    {
        var newer = """{"v":4,"name":"desk","spec":{"color":"red","beam":"wide"},"status":{"hours":2}}""";
        var id = Lamp.IdOf(await WriteOldAsync(newer));
        Assert.Equal("red", (await lamps.GetAsync(caller, id, AsOf.Latest, default)).Value.Spec.Color);
        var changed = await lamps.ChangeAsync(
            caller, id, lamp => lamp with { Status = lamp.Status with { Hours = 3 } }, null, null, default);
        Assert.Equal("KIND_NEWER", changed.Error!.Code);
        Assert.True((await lamps.DeleteAsync(caller, id, null, default)).IsOk);
    }

    [Fact]
    public async Task List_WithADocumentThatAnUpcasterCannotRead_HasTheOthersAndReportsIt()
    {
        var bad = await WriteOldAsync("""{"name":"odd","spec":"red","status":{}}""");
        await WriteOldAsync(First);
        var listed = await lamps.ListAsync(new ResourceQuery(caller.Tenant), default);
        Assert.Equal("desk", Assert.Single(listed.Value.Items).Name);
        Assert.Contains(bad, unreadable);
        var changed = await new KindStore(engine, Lamp, TimeProvider.System).ChangeAsync(
            caller, Lamp.IdOf(bad), current => current.Document, "light", null, default);
        Assert.Equal("DOCUMENT_UNREADABLE", changed.Error!.Code);
        var upgrade = new KindUpgrade(
            engine, versions, new MemoryLeases(TimeProvider.System), TimeProvider.System,
            new Supervisor(TimeProvider.System, NullLogger<Supervisor>.Instance), NullLogger<KindUpgrade>.Instance);
        Assert.Equal(1, await upgrade.UpgradeAsync(Lamp, null, default));
        Assert.Single(await stored.HistoryAsync(caller.Tenant, bad, null, 10, default));
    }

    [Fact]
    public void Over_KindsOfOneVersion_IsTheLogItself() =>
        Assert.Same(stored, new KindVersions([LampKind.Kind]).Over(stored, (_, _) => { }));

    private async Task<EntityId> WriteOldAsync(string document, Caller? by = null)
    {
        var id = EntityId.New(TimeProvider.System);
        Assert.True((await old.CreateAsync(by ?? caller, Lamp.Model, id, JsonText.FromString(document), null, default)).IsOk);
        return id;
    }

    private static void Rename(JsonObject json, string from, string to)
    {
        json[to] = json[from]!.DeepClone();
        json.Remove(from);
    }
}

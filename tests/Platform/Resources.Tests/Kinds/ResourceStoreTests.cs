using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;
using Strata.Resources.Tests.Support;

namespace Strata.Resources.Tests.Kinds;

public class ResourceStoreTests
{
    [Fact]
    public async Task Create_ThenGet_ByNameAndById_IsTheSame()
    {
        await using var cloud = await TestCloud.StartAsync();
        var lamp = await cloud.AddLampAsync("desk");
        Assert.StartsWith("lmp_", lamp.Id, StringComparison.Ordinal);
        Assert.Equal(("OFF", cloud.Project.Id, "red", 40, cloud.Caller.Tenant.ToString()),
            (lamp.State, lamp.Project, lamp.Spec.Color, lamp.Spec.Watts, lamp.Org));
        foreach (var nameOrId in (string[])["desk", lamp.Id])
            Assert.Equal(lamp.Revision, (await cloud.Lamps.GetAsync(cloud.Caller, nameOrId, AsOf.Latest, default)).Value.Revision);
    }

    [Fact]
    public async Task Create_ManyFaults_TellsEachWithItsField()
    {
        await using var cloud = await TestCloud.StartAsync();
        var bad = TestCloud.NewLamp("Desk!", watts: 5000) with { Project = "nowhere",
            Labels = new Dictionary<string, string> { ["a b"] = "x" } };
        var error = (await cloud.Lamps.CreateAsync(cloud.Caller, bad, null, default)).Error!;
        Assert.Equal("VALIDATION_FAILED", error.Code);
        Assert.Equal(["labels", "name", "project", "spec.watts"], error.Faults!.Select(f => f.Field).Order());
    }

    [Fact]
    public async Task Create_NameInUse_IsRefusedInWords()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        var error = (await cloud.Lamps.CreateAsync(cloud.Caller, TestCloud.NewLamp("desk"), null, default)).Error!;
        Assert.Equal(("NAME_TAKEN", ErrorKind.Conflict, "There is already a lamp \"desk\"."), (error.Code, error.Kind, error.Message));
    }

    [Fact]
    public async Task Create_NameOfADeletedOne_IsFree()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        Assert.True((await cloud.Lamps.DeleteAsync(cloud.Caller, "desk", null, default)).IsOk);
        Assert.Equal("desk", (await cloud.AddLampAsync("desk")).Name);
    }

    [Fact]
    public async Task Create_ReferenceByName_IsKeptById()
    {
        await using var cloud = await TestCloud.StartAsync();
        var lamp = TestCloud.NewLamp("desk") with { Spec = new LampSpec { Color = "red", FedBy = "home" } };
        Assert.Equal(cloud.Project.Id, (await cloud.Lamps.CreateAsync(cloud.Caller, lamp, null, default)).Value.Spec.FedBy);
        var lost = TestCloud.NewLamp("lost") with { Spec = new LampSpec { Color = "red", FedBy = "nowhere" } };
        Assert.Equal("spec.fedBy", (await cloud.Lamps.CreateAsync(cloud.Caller, lost, null, default)).Error!.Faults![0].Field);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("lmp_00000000000000000000000000")]
    [InlineData("prj_00000000000000000000000000")]
    [InlineData("../etc")]
    [InlineData("")]
    public async Task Get_WhatIsNotThere_NamesItAndTheNextStep(string nameOrId)
    {
        await using var cloud = await TestCloud.StartAsync();
        var error = (await cloud.Lamps.GetAsync(cloud.Caller, nameOrId, AsOf.Latest, default)).Error!;
        Assert.Equal(("NOT_FOUND", $"There is no lamp \"{nameOrId}\".", "`strata get lamps` lists those there are."),
            (error.Code, error.Message, error.NextStep));
    }

    [Fact]
    public async Task Get_AnothersResource_IsNotFound()
    {
        await using var cloud = await TestCloud.StartAsync();
        var lamp = await cloud.AddLampAsync("desk");
        var stranger = new Caller(TenantId.New(TimeProvider.System), "user:stranger");
        foreach (var nameOrId in (string[])["desk", lamp.Id])
            Assert.Equal("NOT_FOUND", (await cloud.Lamps.GetAsync(stranger, nameOrId, AsOf.Latest, default)).Error!.Code);
    }

    [Fact]
    public async Task Get_ByThePlatform_FindsAnIdInAnyOrganizationAndAsksWhichForAName()
    {
        await using var cloud = await TestCloud.StartAsync();
        var lamp = await cloud.AddLampAsync("desk");
        var platform = new Caller(TenantId.Platform, "agent:node-1");
        Assert.Equal(lamp.Id, (await cloud.Lamps.GetAsync(platform, lamp.Id, AsOf.Latest, default)).Value.Id);
        Assert.Equal("ORG_REQUIRED", (await cloud.Lamps.GetAsync(platform, "desk", AsOf.Latest, default)).Error!.Code);
    }

    [Fact]
    public async Task Get_AsOfThen_FindsWhatIsGoneNow()
    {
        await using var cloud = await TestCloud.StartAsync();
        var then = await cloud.AddLampAsync("desk");
        await cloud.SetHoursAsync("desk", 7);
        await cloud.Lamps.DeleteAsync(cloud.Caller, "desk", null, default);
        await cloud.AddLampAsync("desk");
        var found = (await cloud.Lamps.GetAsync(cloud.Caller, "desk", AsOf.At(new Revision(then.Revision)), default)).Value;
        Assert.Equal((then.Id, 0), (found.Id, found.Status.Hours));
    }

    [Fact]
    public async Task Change_WithTransition_IsOneRevision()
    {
        await using var cloud = await TestCloud.StartAsync();
        var lamp = await cloud.AddLampAsync("desk");
        var lit = (await cloud.SetHoursAsync("desk", 1, transition: "light")).Value;
        Assert.Equal(("ON", 1, lamp.Revision + 1, "light"), (lit.State, lit.Status.Hours, lit.Revision, lit.Transition));
    }

    [Fact]
    public async Task Change_ThatChangesNothing_CommitsNothing()
    {
        await using var cloud = await TestCloud.StartAsync();
        var lamp = await cloud.AddLampAsync("desk");
        Assert.Equal(lamp.Revision, (await cloud.SetHoursAsync("desk", 0)).Value.Revision);
        Assert.Equal(lamp.Revision, (await cloud.Log.HeadAsync(cloud.Caller.Tenant, default)).Value);
    }

    [Fact]
    public async Task Change_StaleIfMatch_IsRefused()
    {
        await using var cloud = await TestCloud.StartAsync();
        var lamp = await cloud.AddLampAsync("desk");
        await cloud.SetHoursAsync("desk", 1);
        var late = await cloud.Lamps.ChangeAsync(
            cloud.Caller, "desk", l => l with { Status = new LampStatus { Hours = 2 } }, null, new Revision(lamp.Revision), default);
        Assert.Equal(("ENTITY_MODIFIED", ErrorKind.PreconditionFailed), (late.Error!.Code, late.Error.Kind));
    }

    [Fact]
    public async Task Change_InvalidSpec_IsRefusedAndNothingChanges()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        var bad = await cloud.Lamps.ChangeAsync(
            cloud.Caller, "desk", l => l with { Spec = l.Spec with { Watts = 0 } }, null, null, default);
        Assert.Equal("spec.watts", bad.Error!.Faults![0].Field);
        Assert.Equal(40, (await cloud.Lamps.GetAsync(cloud.Caller, "desk", AsOf.Latest, default)).Value.Spec.Watts);
    }

    [Fact]
    public async Task Change_ByManyAtOnce_LosesNone()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        var changes = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            Result<Resource<LampSpec, LampStatus>> changed;
            do changed = await cloud.Lamps.ChangeAsync(
                cloud.Caller, "desk", l => l with { Status = new LampStatus { Hours = l.Status.Hours + 1 } }, null, null, default);
            while (changed.Error is { Retryable: true });
            Assert.True(changed.IsOk);
        }));
        await Task.WhenAll(changes);
        Assert.Equal(8, (await cloud.Lamps.GetAsync(cloud.Caller, "desk", AsOf.Latest, default)).Value.Status.Hours);
    }

    [Fact]
    public async Task List_PageByPage_GivesEachOnceInOrder()
    {
        await using var cloud = await TestCloud.StartAsync();
        var ids = new List<string>();
        for (var i = 0; i < 10; i++) ids.Add((await cloud.AddLampAsync($"lamp-{i}")).Id);
        ids.Sort(StringComparer.Ordinal); // ids of one millisecond are in any order
        var seen = new List<string>();
        var query = new ResourceQuery(cloud.Caller.Tenant, Limit: 5);
        for (string? cursor = null; ;)
        {
            var page = (await cloud.Lamps.ListAsync(query with { Cursor = cursor }, default)).Value;
            seen.AddRange(page.Items.Select(l => l.Id));
            if ((cursor = page.Next) is null) break;
        }
        Assert.Equal(ids, seen);
        var newest = (await cloud.Lamps.ListAsync(query with { Limit = 1, Descending = true }, default)).Value;
        Assert.Equal(ids[^1], newest.Items[0].Id);
    }

    [Fact]
    public async Task List_Where_GivesThoseThatMeetIt()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        await cloud.AddLampAsync("floor");
        await cloud.SetHoursAsync("floor", 3, transition: "light");
        var lit = new Condition.Compare(new Field.Meta(MetaField.State), Operator.Equal, [JsonText.FromString("\"ON\"")]);
        Assert.Equal(["floor"], (await cloud.Lamps.ListAsync(new ResourceQuery(null, lit), default)).Value.Items.Select(l => l.Name));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("AAAA")]
    [InlineData("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")]
    public async Task List_ForeignCursor_IsRefused(string cursor)
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.AddLampAsync("desk");
        Assert.Equal(
            "INVALID_CURSOR", (await cloud.Lamps.ListAsync(new ResourceQuery(cloud.Caller.Tenant, Cursor: cursor), default)).Error!.Code);
        Assert.Equal("INVALID_CURSOR", (await cloud.Lamps.HistoryAsync(cloud.Caller, "desk", 10, cursor, default)).Error!.Code);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(PageLimits.Max + 1)]
    public async Task List_LimitOutOfBounds_IsRefused(int limit)
    {
        await using var cloud = await TestCloud.StartAsync();
        Assert.Equal(
            "INVALID_LIMIT", (await cloud.Lamps.ListAsync(new ResourceQuery(cloud.Caller.Tenant, Limit: limit), default)).Error!.Code);
    }

    [Fact]
    public async Task History_TellsEveryRevisionNewestFirst_TheDeletionToo()
    {
        await using var cloud = await TestCloud.StartAsync();
        var lamp = await cloud.AddLampAsync("desk");
        await cloud.SetHoursAsync("desk", 1, transition: "light");
        await cloud.Lamps.DeleteAsync(cloud.Caller, "desk", null, default);
        var first = (await cloud.Lamps.HistoryAsync(cloud.Caller, lamp.Id, 2, null, default)).Value;
        var rest = (await cloud.Lamps.HistoryAsync(cloud.Caller, lamp.Id, 2, first.Next, default)).Value;
        Assert.Equal([(true, 1), (false, 1), (false, 0)], first.Items.Concat(rest.Items).Select(l => (l.Deleted, l.Status.Hours)));
    }

    [Fact]
    public async Task Organizations_LiveInThePlatformsLog_WhoeverAsks()
    {
        await using var cloud = await TestCloud.StartAsync();
        var organizations = new ResourceStore<OrganizationSpec, Nothing>(cloud.Engine, OrganizationKind.Kind, TimeProvider.System);
        var made = (
            await organizations.CreateAsync(
                cloud.Caller, new NewResource<OrganizationSpec> { Name = "acme", Spec = new OrganizationSpec() }, null, default)).Value;
        Assert.Equal(TenantId.Platform.ToString(), made.Org);
        Assert.True(TenantId.TryParse(made.Id, out _));
    }
}

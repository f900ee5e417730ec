using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Resources.Hosts;
using Strata.Resources.Kinds;
using Strata.Resources.Tests.Support;
using Strata.Storage.Memory;

namespace Strata.Resources.Tests.Hosts;

public sealed class HostClaimsTests : IAsyncLifetime
{
    private readonly EntityEngine engine;
    private readonly ResourceStore<SignSpec, Nothing> signs;
    private readonly ResourceStore<LampSpec, LampStatus> lamps;
    private readonly HostClaims claims;
    private Caller first;
    private Caller second;

    public HostClaimsTests()
    {
        Kind[] kinds = [OrganizationKind.Kind, ProjectKind.Kind, LampKind.Kind, SignKind.Kind, HostClaimKind.Kind];
        var definitions = new StaticDefinitions(kinds.Select(k => k.Definition));
        engine = new EntityEngine(new MemoryLog(TimeProvider.System), definitions, new InProcessComputation([], []), TimeProvider.System);
        (signs, lamps) = (new(engine, SignKind.Kind, TimeProvider.System), new(engine, LampKind.Kind, TimeProvider.System));
        claims = new HostClaims(engine, TimeProvider.System);
    }

    public async ValueTask InitializeAsync() => (first, second) = (await OrganizationAsync("default"), await OrganizationAsync("other"));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Create_WithAHostOfAnotherOrganization_IsRefused_WithoutTheOwner()
    {
        Assert.True((await SignAsync(first, "a", "shop.example.org")).IsOk);
        var refused = (await SignAsync(second, "a", "shop.example.org", "/login")).Error;
        Assert.Equal((HostErrors.TakenCode, ErrorKind.Conflict), (refused!.Code, refused.Kind));
        Assert.DoesNotContain(first.Tenant.ToString(), refused.Message + refused.NextStep, StringComparison.Ordinal);
        Assert.Equal(HostErrors.TakenCode, (await SignAsync(first, "b", "shop.example.org", "/login", "p2")).Error?.Code);
        Assert.True((await SignAsync(first, "c", "shop.example.org", "/login")).IsOk);
    }

    [Fact]
    public async Task Create_ByManyAtOnce_LetsOneProjectWin()
    {
        for (var round = 0; round < 20; round++)
        {
            var host = $"r{round}.example.org";
            var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
                Task.Run(() => SignAsync(i % 2 == 0 ? first : second, $"s{round}-{i}", host, "/" + i, i % 4 < 2 ? "p1" : "p2").AsTask())));
            var owners = made.Where(m => m.IsOk).Select(m => (m.Value.Org, m.Value.Project)).Distinct();
            Assert.Single(owners);
        }
    }

    [Fact]
    public async Task Delete_OfTheLastUse_FreesTheHost()
    {
        await SignAsync(first, "a", "shop.example.org");
        await SignAsync(first, "b", "shop.example.org", "/b");
        await signs.DeleteAsync(first, "a", null, default);
        Assert.False((await SignAsync(second, "a", "shop.example.org")).IsOk);
        await signs.DeleteAsync(first, "b", null, default);
        Assert.True((await SignAsync(second, "a", "shop.example.org")).IsOk);
    }

    [Fact]
    public async Task Change_OfTheHost_MovesTheClaim()
    {
        await SignAsync(first, "a", "old.example.org");
        await SignAsync(second, "a", "taken.example.org");
        Assert.Equal(HostErrors.TakenCode, (await MoveAsync("taken.example.org")).Error?.Code);
        Assert.Equal("old.example.org", (await signs.GetAsync(first, "a", AsOf.Latest, default)).Value.Spec.Host);
        Assert.True((await MoveAsync("new.example.org")).IsOk);
        Assert.True((await SignAsync(second, "b", "old.example.org")).IsOk);
        Assert.False((await SignAsync(second, "c", "new.example.org")).IsOk);

        ValueTask<Result<Resource<SignSpec, Nothing>>> MoveAsync(string host) =>
            signs.ChangeAsync(first, "a", s => s with { Spec = s.Spec with { Host = host } }, null, null, default);
    }

    [Fact]
    public async Task Create_ThatFails_LeavesNoClaim()
    {
        await SignAsync(first, "a", "one.example.org");
        Assert.Equal(ResourceErrors.NameTakenCode, (await SignAsync(first, "a", "two.example.org")).Error?.Code);
        Assert.True((await SignAsync(second, "a", "two.example.org")).IsOk);
    }

    [Theory]
    [InlineData("shop.localhost", true, false)]
    [InlineData("shop.other.localhost", false, true)]
    [InlineData("deep.shop.other.localhost", false, true)]
    [InlineData("shop.nobody.localhost", false, false)]
    [InlineData("localhost", false, false)]
    [InlineData("notlocalhost", true, true)]
    public async Task Create_WithAHostOfTheDefaultDomain_IsForItsOrganizationOnly(string host, bool byFirst, bool bySecond)
    {
        Assert.Equal(bySecond, (await SignAsync(second, "a", host)).IsOk);
        await signs.DeleteAsync(second, "a", null, default);
        Assert.Equal(byFirst, (await SignAsync(first, "a", host)).IsOk);
    }

    [Fact]
    public async Task DefaultHost_BelongsToTheResourceOfItsName()
    {
        Assert.True((await LampAsync("shop", "p1")).IsOk);
        Assert.False((await SignAsync(first, "a", "shop.localhost", "/", "p2")).IsOk);
        Assert.True((await SignAsync(first, "b", "shop.localhost")).IsOk);
        Assert.True((await SignAsync(first, "c", "free.localhost", "/", "p2")).IsOk);
    }

    [Fact]
    public async Task Adopt_GivesAHostToItsOldestUser_AndDeletesTheOthers()
    {
        var bare = new ResourceStore<SignSpec, Nothing>(engine, Unclaimed(), TimeProvider.System);
        await bare.CreateAsync(second, Sign("old", "shop.example.org", "/", "p1"), null, default);
        await bare.CreateAsync(first, Sign("young", "shop.example.org", "/login", "p1"), null, default);
        var conflicts = new List<string>();
        for (var start = 0; start < 2; start++)
            await claims.AdoptAsync(
                [SignKind.Kind], (_, resource, host) => conflicts.Add($"{ResourceDocument.NameOf(resource)} {host}"), default);
        Assert.Equal(["young shop.example.org"], conflicts);
        Assert.False((await signs.GetAsync(first, "young", AsOf.Latest, default)).IsOk);
        Assert.True((await signs.GetAsync(second, "old", AsOf.Latest, default)).IsOk);
        Assert.False((await SignAsync(first, "more", "shop.example.org", "/x")).IsOk);
        Assert.True((await SignAsync(second, "more", "shop.example.org", "/x")).IsOk);
    }

    private static Kind<SignSpec, Nothing> Unclaimed() => new()
    {
        Name = SignKind.Kind.Name, Plural = SignKind.Kind.Plural, IdPrefix = SignKind.Kind.IdPrefix, Scope = KindScope.Project,
        Description = SignKind.Kind.Description, Workflow = SignKind.Kind.Workflow, InitialStatus = Nothing.Instance,
    };

    private static NewResource<SignSpec> Sign(string name, string host, string path, string project) =>
        new() { Name = name, Project = project, Spec = new SignSpec { Host = host, Path = path } };

    private ValueTask<Result<Resource<SignSpec, Nothing>>> SignAsync(
        Caller caller, string name, string host, string path = "/", string project = "p1") =>
        signs.CreateAsync(caller, Sign(name, host, path, project), null, default);

    private ValueTask<Result<Resource<LampSpec, LampStatus>>> LampAsync(string name, string project) =>
        lamps.CreateAsync(
            first, new NewResource<LampSpec> { Name = name, Project = project, Spec = new LampSpec { Color = "red" } }, null, default);

    private async Task<Caller> OrganizationAsync(string name)
    {
        var organizations = new ResourceStore<OrganizationSpec, Nothing>(engine, OrganizationKind.Kind, TimeProvider.System);
        var made = await organizations.CreateAsync(
            new Caller(TenantId.Platform, "test"), new NewResource<OrganizationSpec> { Name = name, Spec = new() }, null, default);
        var caller = new Caller(new TenantId(OrganizationKind.Kind.EntityOf(made.Value.Id).Value), "user:" + name);
        var projects = new ResourceStore<ProjectSpec, Nothing>(engine, ProjectKind.Kind, TimeProvider.System);
        foreach (var project in (string[])["p1", "p2"])
            Assert.True(
                (await projects.CreateAsync(caller, new NewResource<ProjectSpec> { Name = project, Spec = new() }, null, default)).IsOk);
        return caller;
    }
}

using System.Collections.Frozen;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.Tests;

/// <summary>A caller whose rights differ by project and label: at resources it is all that it is, elsewhere one of one project.</summary>
public sealed class SplitRightsTests : IAsyncLifetime
{
    private static readonly Dictionary<string, string> Staging = new() { ["env"] = "staging" };
    private static readonly GrantScope OneScope = new GrantScope.OfProject("prj_one");
    private static readonly GrantScope TwoScope = new GrantScope.OfProject("prj_two");

    private ApiHost host = null!;
    private HttpClient admin = null!;
    private IReadOnlyList<Grant> grants = [];
    private string one = "";
    private string two = "";

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync(map: app => app.MapApi("POST", "/api/v1/work", "widgets.write", new Operation
        {
            Id = "work", Summary = "Work.", Tag = "work", Answer = Content.Json(Schemas.Text()),
        }, call => Task.FromResult<Result<Answer>>(Answer.Json(json => json.WriteStringValue(call.Principal.Project
            ?? "all")))).InProject(),
            principals: p => p.Actor == "token:split" ? p with { Grants = grants } : p);
        admin = host.Client();
        await admin.SendJsonAsync("POST", "/api/v1/projects", """{"name":"other","spec":{}}""");
        one = (await admin.SendJsonAsync("GET", "/api/v1/projects/web")).Text("id");
        two = (await admin.SendJsonAsync("GET", "/api/v1/projects/other")).Text("id");
        foreach (var (name, project, env) in new[] { ("a", "web", "staging"), ("b", "web", "production"), ("c", "other", "staging") })
        {
            Assert.Equal(201, (await CreateAsync(admin, "boxes", name, project, env)).Status);
            Assert.Equal(201, (await CreateAsync(admin, "widgets", name, project, env)).Status);
        }
    }

    public async ValueTask DisposeAsync()
    {
        admin.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task RightsInOneProject_ArePlacesToWork_AndResourcesThere()
    {
        using var http = await SplitAsync([Of(GrantScope.Organization, "widgets.read"), Of(new GrantScope.OfProject(one),
            "widgets.write")]);
        Assert.Equal(one, (await http.SendJsonAsync("POST", "/api/v1/work")).Body.GetString());
        Assert.Equal(200, (await PatchAsync(http, "a")).Status);
        Assert.Equal(403, (await PatchAsync(http, "c")).Status);
        Assert.Equal(201, (await CreateAsync(http, "widgets", "new", "web", "any")).Status);
        Assert.Equal(403, (await CreateAsync(http, "widgets", "new2", "other", "any")).Status);
    }

    [Fact]
    public async Task RightsInSeveralProjects_NeedTheProjectsName_WhereThereIsNoResource()
    {
        using var http = await SplitAsync([Of(new GrantScope.OfProject(one), "widgets.write"), Of(new GrantScope.OfProject(two),
            "widgets.write")]);
        Assert.Equal("PROJECT_NEEDED", (await http.SendJsonAsync("POST", "/api/v1/work")).Code);
        Assert.Equal(two, (await http.SendJsonAsync("POST", "/api/v1/work", headers: ("Strata-Project", "other"))).Body.GetString());
        Assert.Equal(one, (await http.SendJsonAsync("POST", "/api/v1/work", headers: ("Strata-Project", one))).Body.GetString());
        Assert.Equal(404, (await http.SendJsonAsync("POST", "/api/v1/work", headers: ("Strata-Project", "nowhere"))).Status);
        Assert.Equal(200, (await PatchAsync(http, "a")).Status);
        Assert.Equal(200, (await PatchAsync(http, "c")).Status);
    }

    [Fact]
    public async Task RightsForLabels_CountOnlyWithTheResourceInHand()
    {
        using var http = await SplitAsync(
        [
            Of(GrantScope.And(new GrantScope.OfProject(one), new GrantScope.WithLabels(Staging)),
                "widgets.write", "widgets.read", "boxes.write", "boxes.read"),
        ]);
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/v1/work")).Status);
        Assert.Equal(200, (await PatchAsync(http, "a")).Status);
        Assert.Equal(404, (await PatchAsync(http, "b")).Status);
        Assert.Equal(404, (await PatchAsync(http, "c")).Status);
        Assert.Equal(201, (await CreateAsync(http, "widgets", "mine", "web", "staging")).Status);
        Assert.Equal(403, (await CreateAsync(http, "widgets", "not-mine", "web", "production")).Status);
        // Naming another's resource is a way to get at it.
        Assert.Equal(200, (await http.PatchAsync("/api/v1/widgets/a", """{"spec":{"box":"a"}}""")).Status);
        Assert.Equal(400, (await http.PatchAsync("/api/v1/widgets/a", """{"spec":{"box":"b"}}""")).Status);
        Assert.Equal(400, (await http.SendJsonAsync(
            "POST", "/api/v1/widgets", """{"name":"w","project":"web","labels":{"env":"staging"},"spec":{"box":"b"}}""")).Status);
    }

    [Fact]
    public async Task ReadingWhatOneMayNotChange_IsNoWayToReferToIt()
    {
        using var http = await SplitAsync(
        [
            Of(GrantScope.Organization, "boxes.read", "widgets.read"), Of(new GrantScope.WithLabels(Staging), "widgets.write",
                "boxes.write"),
        ]);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/boxes/b")).Status);
        Assert.Equal(400, (await http.PatchAsync("/api/v1/widgets/a", """{"spec":{"box":"b"}}""")).Status);
        Assert.Equal(200, (await http.PatchAsync("/api/v1/widgets/a", """{"spec":{"box":"a"}}""")).Status);
    }

    [Fact]
    public void With_RightsBeyondItsProject_OpensIt_ButMakesNoOperator()
    {
        var own = new Principal
        {
            Tenant = new TenantId(Guid.CreateVersion7(TimeProvider.System.GetUtcNow())), Actor = "person:ada", Project = "prj_one",
            Grants = [Of(OneScope, Principal.Everything, Principal.PlatformPermission)],
        };
        var within = own.With([Of(OneScope, "widgets.read")], ["viewer"], null);
        Assert.Equal(("prj_one", false), (within.Project, within.IsSplit));
        foreach (var wider in new[] { TwoScope, GrantScope.Organization, GrantScope.And(TwoScope, new GrantScope.WithLabels(Staging)) })
        {
            var opened = own.With([Of(wider, "widgets.read")], ["viewer"], null);
            Assert.Equal((null, false, true), (opened.Project, opened.IsOperator, opened.IsSplit));
            Assert.False(opened.Covers([Principal.Everything]));
            Assert.False(opened.InProject("prj_two").May("widgets.write"));
        }
    }

    [Fact]
    public void Owner_IsMadeByOwnersAndOperatorsOnly()
    {
        var owner = host.Catalog.PermissionsOf([Roles.Owner]);
        Assert.False(Holding(Roles.Admin).Covers(owner));
        Assert.True(Holding(Roles.Owner).Covers(owner));
        Assert.True(Holding(Roles.Admin, Roles.Operator).Covers(owner));

        Principal Holding(params string[] roles) => new()
        {
            Tenant = host.Org, Actor = "person:ada", Grants = [new Grant(host.Catalog.PermissionsOf(roles), GrantScope.Organization)],
        };
    }

    private static Grant Of(GrantScope scope, params string[] permissions) => new(permissions.ToFrozenSet(StringComparer.Ordinal), scope);

    private async Task<HttpClient> SplitAsync(IReadOnlyList<Grant> held)
    {
        grants = held;
        return host.Client(await host.TokenAsync(host.Org, "split", [Roles.Viewer]));
    }

    private static Task<JsonAnswered> PatchAsync(HttpClient http, string name) =>
        http.PatchAsync("/api/v1/widgets/" + name, """{"spec":{"size":5}}""");

    private static Task<JsonAnswered> CreateAsync(HttpClient http, string plural, string name, string project, string env) =>
        http.SendJsonAsync("POST", "/api/v1/" + plural,
            $$$"""{"name":"{{{name}}}","project":"{{{project}}}","labels":{"env":"{{{env}}}"},"spec":{} }""");
}

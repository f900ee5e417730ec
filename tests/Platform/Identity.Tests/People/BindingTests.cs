using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Identity.Bindings;
using Strata.Identity.Teams;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>Roles that people, teams and clients get beside their own: for a project, for a while.</summary>
public sealed class BindingTests() : PeopleContract(new MemoryStore())
{
    private const string Import = "/api/model/import/JSON/SAMPLE_DATA/";

    [Fact]
    public async Task Team_GivesItsPeopleARoleInAProject_UntilTheyLeaveIt()
    {
        using var ada = Host.Client(await CommandLineAsync(await JoinAsync("ada@example.com", ["viewer"])));
        Assert.Equal(403, (await ImportAsync(ada, "before")).Status);
        await MustAsync(201, "POST", "/api/v1/teams", """{"name":"backend","spec":{"members":["ada"]}}""");
        await BindAsync("web-dev", ["team/backend"], ["developer"], project: "web");
        await Wait.UntilAsync(async () => (await ImportAsync(ada, "note")).Status == 200, "she may write models");
        // As one of the project: the model is the project's.
        var models = (await Admin.SendJsonAsync("GET", "/api/model/")).Body.GetRawText();
        Assert.Contains("note", models, StringComparison.Ordinal);
        var me = (await ada.SendJsonAsync("GET", "/api/v1/access/me")).Body;
        Assert.Equal("viewer developer", string.Join(' ', me.GetProperty("roles").EnumerateArray().Select(r => r.GetString())));
        Assert.Equal(
            """[{"roles":["developer"],"by":"the binding web-dev","scope":"the project web"}]""", me.GetProperty("bindings").GetRawText());
        var why = (await Admin.SendJsonAsync("GET", "/api/v1/access/explain?who=person/ada&permission=models.write")).Body;
        Assert.True(why.GetProperty("allowed").GetBoolean());
        Assert.Contains("by the binding web-dev", why.GetRawText(), StringComparison.Ordinal);
        var stages = (await Admin.SendJsonAsync("GET", "/api/v1/access/explain?who=person/ada&permission=environments.write")).Body;
        Assert.Contains("environments belong to all of it", stages.GetProperty("reason").GetString(), StringComparison.Ordinal);
        var holders = (await Admin.SendJsonAsync("GET", "/api/v1/access/holders?permission=models.write")).Body;
        var held = holders.GetProperty("items").EnumerateArray().Single(h => h.GetProperty("name").GetString() == "ada");
        Assert.Equal(("person", "the project web"), (held.GetProperty("kind").GetString(), held.GetProperty("scope").GetString()));

        await MustAsync(200, "PATCH", "/api/v1/teams/backend", """{"spec":{"members":[]}}""");
        await Wait.UntilAsync(async () => (await ImportAsync(ada, "after")).Status == 403, "she may not any more");
    }

    [Fact]
    public async Task Binding_EndsByItself_AndAtOnceWhenItIsDeleted()
    {
        using var ada = Host.Client(await CommandLineAsync(await JoinAsync("ada@example.com", ["viewer"])));
        await BindAsync("oncall", ["person/ada"], ["admin"], expiresAt: TimeProvider.System.GetUtcNow().AddSeconds(5));
        await Wait.UntilAsync(async () => (await ada.SendJsonAsync("GET", "/api/v1/tokens")).Status == 200, "she is on call");
        // What ends hands out nothing that lasts.
        Assert.NotEqual(201, (await ada.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"kept","spec":{"roles":["admin"]}}""")).Status);
        Assert.NotEqual(201, (await TryBindAsync("kept", ["person/ada"], ["admin"], by: ada)).Status);
        Assert.NotEqual(200, (await ada.SendJsonAsync("POST", "/api/clients?withAdminRole=true")).Status);
        var why = (await Admin.SendJsonAsync("GET", "/api/v1/access/explain?who=person/ada&permission=bindings.write")).Body;
        Assert.False(why.GetProperty("allowed").GetBoolean(), why.GetRawText()); // as the request was decided
        await Wait.UntilAsync(async () => (await ada.SendJsonAsync("GET", "/api/v1/tokens")).Status == 403, "her time is over");
        await BindAsync("again", ["person/ada"], ["admin"]);
        await Wait.UntilAsync(async () => (await ada.SendJsonAsync("GET", "/api/v1/tokens")).Status == 200, "she is on call again");
        await MustAsync(200, "DELETE", "/api/v1/bindings/again", null);
        await Wait.UntilAsync(async () => (await ada.SendJsonAsync("GET", "/api/v1/tokens")).Status == 403, "it was taken back");
    }

    [Fact]
    public async Task Client_GetsWhatABindingGives_AndUsersForWhomItActsDoNot()
    {
        var (id, secret) = await CreateClientAsync();
        using var http = Host.Client(await TokenAsync(id, secret));
        Assert.Equal(403, (await http.SendJsonAsync("GET", "/api/v1/tokens")).Status);
        await BindAsync("robot", ["client/" + id], ["admin"]);
        await Wait.UntilAsync(async () => (await http.SendJsonAsync("GET", "/api/v1/tokens")).Status == 200, "the client administers");
    }

    [Fact]
    public async Task Binding_GivesNoMoreThanItsMakerHas_AndOnlyToThoseThatThereAre()
    {
        await JoinAsync("ada@example.com", ["viewer"]);
        foreach (var (subject, role) in new[]
        {
            ("person/nobody", "viewer"), ("team/none", "viewer"), ("token/admin", "viewer"), ("person/ada", "operator"), ("person/ada",
                "owner"),
            ("person/ada", "agent"), ("person/ada", "no-such-role"),
        }) Assert.Equal(400, (await TryBindAsync("x", [subject], [role])).Status);
        Assert.Equal(400, (await TryBindAsync("x", ["person/ada"], ["viewer"],
            expiresAt: TimeProvider.System.GetUtcNow().AddHours(-1))).Status);
        using var developer = Host.Client(await Host.TokenAsync(Host.Org, "dev", ["developer"]));
        Assert.Equal(403, (await TryBindAsync("x", ["person/ada"], ["viewer"], by: developer)).Status);
        using var other = Host.Client(await Host.TokenAsync(Host.OtherOrg, "other", ["admin"]));
        Assert.Equal(400, (await TryBindAsync("x", ["person/ada"], ["viewer"], by: other)).Status); // no member there
        await BindAsync("kept", ["person/ada"], ["viewer"]);
        Assert.Equal(404, (await other.SendJsonAsync("GET", "/api/v1/bindings/kept")).Status);
    }

    [Fact]
    public async Task WhoLeft_IsTakenOutOfTeamsAndBindings_SoThatANamesakeGetsNothing()
    {
        await JoinAsync("ada@example.com", ["viewer"]);
        await MustAsync(201, "POST", "/api/v1/teams", """{"name":"backend","spec":{"members":["ada"]}}""");
        await BindAsync("one", ["person/ada"], ["admin"]);
        await BindAsync("two", ["person/ada", "team/backend"], ["admin"]);
        await MustAsync(200, "DELETE", "/api/v1/memberships/ada", null);
        var (bindings, teams) = (Host.Service<BindingController>(), Host.Service<TeamController>());
        foreach (var name in new[] { "one", "two" })
        {
            // Unless the host's own controller has deleted it by now.
            var read = await Host.Service<Resources.Kinds.ResourceStore<Contracts.BindingSpec, Nothing>>().GetAsync(
                new Entities.Engine.Caller(Host.Org, "test"), name, AsOf.Latest, default);
            if (read.IsOk) await bindings.ReconcileAsync(read.Value, default);
        }
        await teams.ReconcileAsync((await Host.Service<Resources.Kinds.ResourceStore<Contracts.TeamSpec, Nothing>>().GetAsync(
            new Entities.Engine.Caller(Host.Org, "test"), "backend", AsOf.Latest, default)).Value, default);
        Assert.Equal(404, (await Admin.SendJsonAsync("GET", "/api/v1/bindings/one")).Status);
        var two = (await Admin.SendJsonAsync("GET", "/api/v1/bindings/two")).Body.GetProperty("spec").GetProperty("subjects");
        Assert.Equal(["team/backend"], two.EnumerateArray().Select(s => s.GetString()));
        Assert.Equal(0, (await Admin.SendJsonAsync("GET",
            "/api/v1/teams/backend")).Body.GetProperty("spec").GetProperty("members").GetArrayLength());
    }

    [Fact]
    public async Task TeamInUse_IsNotDeletedByMistake()
    {
        await MustAsync(201, "POST", "/api/v1/teams", """{"name":"backend","spec":{"members":[]}}""");
        await BindAsync("one", ["team/backend"], ["viewer"]);
        await JoinAsync("ada@example.com", ["viewer"]);
        await BindAsync("two", ["team/backend", "person/ada"], ["viewer"]);
        Assert.Equal("TEAM_IN_USE", (await Admin.SendJsonAsync("DELETE", "/api/v1/teams/backend")).Code);
        var deleted = await Admin.SendJsonAsync("DELETE", "/api/v1/teams/backend?force=true");
        Assert.Equal((200, "team"), (deleted.Status, deleted.Text("kind")));
        // At once, or a new team of that name would have what it had.
        Assert.Equal(404, (await Admin.SendJsonAsync("GET", "/api/v1/bindings/one")).Status);
        var left = (await Admin.SendJsonAsync("GET", "/api/v1/bindings/two")).Body.GetProperty("spec").GetProperty("subjects");
        Assert.Equal("person/ada", Assert.Single(left.EnumerateArray()).GetString());
    }

    [Fact]
    public async Task EnvironmentInUse_IsNotDeletedByMistake()
    {
        await MustAsync(201, "POST", "/api/v1/environments", """{"name":"staging","spec":{}}""");
        await MustAsync(201, "POST", "/api/v1/teams", """{"name":"backend","spec":{"members":[]}}""");
        await MustAsync(400, "POST", "/api/v1/bindings",
            """{"name":"slip","spec":{"subjects":["team/backend"],"roles":["developer"],"labels":{"environment":"stagign"}}}""");
        await MustAsync(201, "POST", "/api/v1/bindings",
            """{"name":"stage","spec":{"subjects":["team/backend"],"roles":["developer"],"labels":{"environment":"staging"}}}""");
        // A label of the binding itself chooses nothing.
        await MustAsync(200, "PATCH", "/api/v1/bindings/stage", """{"labels":{"environment":"any"}}""");
        await MustAsync(400, "PATCH", "/api/v1/bindings/stage", """{"spec":{"labels":{"environment":"any"}}}""");
        Assert.Equal("ENVIRONMENT_IN_USE", (await Admin.SendJsonAsync("DELETE", "/api/v1/environments/staging")).Code);
        await MustAsync(200, "DELETE", "/api/v1/environments/staging?force=true", null);
    }

    private static Task<JsonAnswered> ImportAsync(HttpClient http, string model) => http.SendJsonAsync("POST", Import + model + "/1", """{"a":1}""");

    private async Task MustAsync(int status, string method, string path, string? body)
    {
        var answer = await Admin.SendJsonAsync(method, path, body, method == "PATCH" ? "application/merge-patch+json" : "application/json");
        Assert.True(answer.Status == status, $"{method} {path}: {answer.Status} {answer.Body}");
    }

    private async Task BindAsync(string name, string[] subjects, string[] roles, string? project = null, DateTimeOffset? expiresAt = null)
    {
        var made = await TryBindAsync(name, subjects, roles, project, expiresAt);
        Assert.True(made.Status == 201, made.Body.ToString());
    }

    private Task<JsonAnswered> TryBindAsync(
        string name, string[] subjects, string[] roles, string? project = null, DateTimeOffset? expiresAt = null, HttpClient? by = null) =>
        (by ?? Admin).SendJsonAsync("POST", "/api/v1/bindings", JsonSerializer.Serialize(
            new { name, spec = new { subjects, roles, project, expiresAt } }, WireJson.Options));
}

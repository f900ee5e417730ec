using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;

namespace Strata.Api.Tests;

/// <summary>Roles of an organization's own: what they grant, who may make them, and who can find out.</summary>
public sealed class CustomRoleTests : IAsyncLifetime
{
    private ApiHost host = null!;
    private HttpClient admin = null!;

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync();
        admin = host.Client();
    }

    public async ValueTask DisposeAsync()
    {
        admin.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Role_GrantsWhatItHolds_AndItsTokensFollow()
    {
        await MakeRoleAsync("polisher", """{"permissions":["widgets.*"]}""");
        using var token = await TokenAsync("ci", "polisher");
        Assert.Equal(201, (await MakeAsync(token, "widgets", "one")).Status);
        Assert.Equal(200, await StatusAsync(token, "/api/v1/widgets/one"));
        Assert.Equal(403, (await MakeAsync(token, "boxes", "one")).Status);
        Assert.Equal(403, await StatusAsync(token, "/api/v1/boxes"));

        Assert.Equal(200, (await admin.PatchAsync("/api/v1/roles/polisher", """{"spec":{"permissions":["boxes.read"]}}""")).Status);
        await Wait.UntilAsync(async () => await StatusAsync(token, "/api/v1/widgets") == 403, "what was taken is refused");
        Assert.Equal(200, await StatusAsync(token, "/api/v1/boxes"));

        var refused = await admin.SendJsonAsync("DELETE", "/api/v1/roles/polisher");
        Assert.Equal((409, "ROLE_IN_USE"), (refused.Status, refused.Code));
        Assert.Equal(200, (await admin.SendJsonAsync("DELETE", "/api/v1/roles/polisher?force=true")).Status);
        await Wait.UntilAsync(async () => await StatusAsync(token, "/api/v1/boxes") == 403, "a role that is gone grants nothing");
        await MakeRoleAsync("spare", """{"permissions":["boxes.read"]}""");
        Assert.Equal(200, (await admin.SendJsonAsync("DELETE", "/api/v1/roles/spare")).Status);
    }

    [Fact]
    public async Task Roles_OfOneToken_GrantTogether_AndATokensProjectLimitsThem()
    {
        await MakeProjectAsync("side");
        await MakeAsync(admin, "boxes", "in-web");
        await MakeAsync(admin, "boxes", "in-side", "side");
        await MakeRoleAsync("writer", """{"permissions":["widgets.write"]}""");
        await MakeRoleAsync("reader", """{"permissions":["boxes.read"]}""");
        using var both = await TokenAsync("both", "writer", "reader");
        Assert.Equal(201, (await MakeAsync(both, "widgets", "one")).Status);
        Assert.Equal(200, await StatusAsync(both, "/api/v1/boxes/in-side"));
        using var limited = host.Client(await MakeTokenAsync("""{"name":"limited","spec":{"roles":["reader"],"project":"web"}}"""));
        Assert.Equal(200, await StatusAsync(limited, "/api/v1/boxes/in-web"));
        Assert.Equal(404, await StatusAsync(limited, "/api/v1/boxes/in-side"));
    }

    [Fact]
    public async Task Me_IsWhoTheTokenSays_AndWhatItMay()
    {
        var me = await MeAsync(admin);
        Assert.Equal(("default", "admin", true), (Name(me, "organization"), Name(me, "token"), me.GetProperty("isOperator").GetBoolean()));
        Assert.Equal(["admin", "operator"], Texts(me, "roles"));
        Assert.Contains("widgets.write", Texts(me, "permissions"));
        Assert.DoesNotContain("widgets.control", Texts(me, "permissions"));

        await MakeRoleAsync("polisher", """{"permissions":["widgets.*"]}""");
        using var limited = host.Client(
            await MakeTokenAsync("""{"name":"one","spec":{"roles":["polisher"],"project":"web","expiresAt":"2099-01-01T00:00:00Z"}}"""));
        me = await MeAsync(limited);
        Assert.Equal(("token:one", "web"), (me.GetProperty("actor").GetString(), Name(me, "project")));
        Assert.Equal(["access.me", "projects.read", "widgets.read", "widgets.write"], Texts(me, "permissions"));
        Assert.Equal("2099-01-01T00:00:00+00:00", me.GetProperty("token").GetProperty("expiresAt").GetString());

        var elsewhere = await MeAsync(admin, "?org=other");
        Assert.Equal(("other", "operator:token:admin"), (Name(elsewhere, "organization"), elsewhere.GetProperty("actor").GetString()));
        Assert.False(elsewhere.TryGetProperty("token", out _));
        Assert.Equal(404, await StatusAsync(limited, "/api/v1/access/me?org=other"));
    }

    [Theory]
    [InlineData("mine", """{"permissions":["widgets.polish"]}""", "widgets.polish")]
    [InlineData("mine", """{"permissions":["widgets.raed"]}""", "Did you mean \\\"widgets.read\\\"?")]
    [InlineData("mine", """{"permissions":["widgets.control"]}""", "widgets.control")]
    [InlineData("mine", """{"permissions":["platform"]}""", "platform")]
    [InlineData("mine", """{"permissions":["*"]}""", "GET /api/v1/access/permissions")]
    [InlineData("mine", """{"permissions":[]}""", "1 to 200")]
    [InlineData("mine", """{"permissions":["roles.write"]}""", "roles.write")]
    [InlineData("mine", """{"permissions":["widgets.read"],"project":"web"}""", "spec.project")]
    [InlineData("mine", "\"x\"", "spec")]
    [InlineData("mine", "[]", "spec")]
    [InlineData("mine", """{"permissions":"widgets.read"}""", "spec.permissions")]
    [InlineData("admin", """{"permissions":["widgets.read"]}""", "choose another name")]
    [InlineData("operator", """{"permissions":["widgets.read"]}""", "choose another name")]
    public async Task Create_WhatNoRoleCanBe_IsRefused(string name, string spec, string expected)
    {
        var answer = await admin.SendJsonAsync("POST", "/api/v1/roles", $$"""{"name":"{{name}}","spec":{{spec}}}""");
        Assert.Equal(400, answer.Status);
        Assert.Contains(expected, answer.Body.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(404, (await admin.SendJsonAsync("GET", "/api/v1/roles/" + name)).Status);
    }

    [Fact]
    public async Task Writer_OfTokens_HandsOutNoMoreThanItHas_AndWritesNoRoles()
    {
        await MakeRoleAsync("keeper", """{"permissions":["roles.*","tokens.*","widgets.read"]}""");
        await MakeRoleAsync("large", """{"permissions":["boxes.write"]}""");
        await MakeRoleAsync("small", """{"permissions":["widgets.read"]}""");
        using var keeper = await TokenAsync("keeper", "keeper");
        foreach (var (method, path, body) in ((string, string, string?)[])
        [
            ("POST", "/api/v1/roles", Role("more", """{"permissions":["widgets.read"]}""")),
            ("PATCH", "/api/v1/roles/keeper", """{"spec":{"permissions":["boxes.write"]}}"""),
            ("PATCH", "/api/v1/roles/large", """{"labels":{"a":"b"}}"""),
            ("DELETE", "/api/v1/roles/large?force=true", null),
            ("POST", "/api/v1/tokens", """{"name":"t","spec":{"roles":["admin"]}}"""),
            ("POST", "/api/v1/tokens", """{"name":"t","spec":{"roles":["developer"]}}"""),
            ("POST", "/api/v1/tokens", """{"name":"t","spec":{"roles":["large"]}}"""),
            ("POST", "/api/v1/tokens", """{"name":"t","spec":{"roles":["small","operator"]}}"""),
        ])
        {
            var answer = await keeper.SendJsonAsync(method, path, body);
            Assert.True(answer.Status == 403, $"{method} {path} {body}: {answer.Status} {answer.Body}");
        }
        Assert.Equal(200, await StatusAsync(keeper, "/api/v1/roles/large"));
        Assert.Equal(201, (await keeper.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"t","spec":{"roles":["small"]}}""")).Status);
    }

    [Fact]
    public async Task Role_OfAnotherOrganization_DoesNotExist()
    {
        await MakeRoleAsync("polisher", """{"permissions":["widgets.*"]}""");
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "other-admin", [Roles.Admin]));
        Assert.Equal(404, await StatusAsync(other, "/api/v1/roles/polisher"));
        var token = await other.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"ci","spec":{"roles":["polisher"]}}""");
        Assert.Equal((400, "VALIDATION_FAILED"), (token.Status, token.Code));
        Assert.Contains("There is no role", token.Body.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(404, await StatusAsync(other, "/api/v1/access/explain?who=token/admin&permission=widgets.read"));
        using var mine = await TokenAsync("ci", "polisher");
        Assert.Equal(403, await StatusAsync(mine, "/api/v1/access/explain?who=token/ci&permission=widgets.read"));
    }

    [Theory]
    [InlineData("who=token/ci&permission=widgets.write&resource=widget/mine", true, "The role some holds widgets.write.")]
    [InlineData("who=token/ci&permission=widgets.write", true, "The role viewer does not hold widgets.write.")]
    [InlineData("who=token/in-web&permission=widgets.write&resource=widgets/mine", true, "holds widgets.write, for the project web")]
    [InlineData("who=token/in-web&permission=widgets.write&resource=widgets/other", false, "not for this one: only for the project web")]
    [InlineData("who=token/ci&permission=boxes.write", false, "The role viewer does not hold boxes.write.")]
    [InlineData("who=token/ci&permission=boxes.read", true, "The role lost does not exist.")]
    [InlineData("who=token/ci&permission=gadgets.read", false, "gadgets belong to the cloud itself")]
    [InlineData("who=token/old&permission=boxes.read", false, "The token old has expired.")]
    [InlineData("who=token/admin&permission=gadgets.write", true, "The role admin holds gadgets.write.")]
    [InlineData("who=token/admin&permission=gadgets.write", true, "The role operator makes its holder an operator, which this takes.")]
    public async Task Explain_ShowsTheRoleThatGrants_OrWhatIsMissing(string question, bool allowed, string expected)
    {
        await FillAsync();
        var answer = await admin.SendJsonAsync("GET", "/api/v1/access/explain?" + question);
        Assert.Equal((200, allowed), (answer.Status, answer.Body.GetProperty("allowed").GetBoolean()));
        Assert.Contains(expected, answer.Body.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("permission=widgets.write&resource=widget/mine", "admin ci in-web")]
    [InlineData("permission=widgets.write&resource=widget/other", "admin ci")]
    [InlineData("permission=boxes.read", "admin ci")]
    [InlineData("permission=gadgets.write", "admin")]
    public async Task Holders_AreThoseThatARequestWouldBeOf(string question, string expected)
    {
        await FillAsync();
        var answer = await admin.SendJsonAsync("GET", "/api/v1/access/holders?" + question);
        var names = answer.Body.GetProperty("items").EnumerateArray().Select(h => h.GetProperty("name").GetString()).Order();
        Assert.Equal((expected, true), (string.Join(' ', names), answer.Body.GetProperty("isComplete").GetBoolean()));
        var first = await admin.SendJsonAsync("GET", "/api/v1/access/holders?limit=1&permission=widgets.write");
        Assert.Equal((1, false), (first.Body.GetProperty("items").GetArrayLength(), first.Body.GetProperty("isComplete").GetBoolean()));
    }

    [Fact]
    public async Task Explain_OfWhatTheCallerMayNotSee_IsNotFound()
    {
        using var plain = await TokenAsync("plain", "admin");
        foreach (var resource in (string[])["organization/other", "gadget/g", "organization/nowhere"])
        {
            var permission = resource.StartsWith('o') ? "organizations.read" : "gadgets.read";
            Assert.Equal(404, await StatusAsync(plain, $"/api/v1/access/explain?who=token/plain&permission={permission}&resource={resource}"));
            Assert.Equal(404, await StatusAsync(plain, $"/api/v1/access/holders?permission={permission}&resource={resource}"));
        }
        var own = await plain.SendJsonAsync(
            "GET", "/api/v1/access/explain?who=token/plain&permission=organizations.read&resource=organization/default");
        Assert.Equal(200, own.Status);
    }

    [Theory]
    [InlineData("explain?who=token/nobody&permission=widgets.read", 404)]
    [InlineData("explain?who=nobody&permission=widgets.read", 400)]
    [InlineData("explain?who=token/admin", 400)]
    [InlineData("explain?who=token/admin&permission=widgets.raed", 400)]
    [InlineData("explain?who=token/admin&permission=widgets.read&resource=box/x", 400)]
    [InlineData("explain?who=token/admin&permission=access.read&resource=box/x", 400)]
    [InlineData("holders?permission=widgets.read&resource=widget/x", 404)]
    public async Task Question_ThatCannotBeMeant_IsRefused(string question, int expected) =>
        Assert.Equal(expected, await StatusAsync(admin, "/api/v1/access/" + question));

    [Fact]
    public async Task Permissions_AreThoseThatARoleCanHold()
    {
        var items = (await admin.SendJsonAsync("GET", "/api/v1/access/permissions")).Body.GetProperty("items").EnumerateArray()
            .ToDictionary(p => p.GetProperty("name").GetString()!, p => p.GetProperty("roles").GetArrayLength());
        Assert.Equal((3, 0), (items["widgets.read"], items["widgets.write"]));
        Assert.DoesNotContain("widgets.control", items.Keys);
        Assert.DoesNotContain("roles.write", items.Keys);
        var spec = JsonSerializer.Serialize(new { permissions = items.Keys });
        Assert.Equal(201, (await admin.SendJsonAsync("POST", "/api/v1/roles", Role("all", spec))).Status);
    }

    private async Task FillAsync()
    {
        await MakeProjectAsync("side");
        await MakeAsync(admin, "widgets", "mine");
        await MakeAsync(admin, "widgets", "other", "side");
        await MakeRoleAsync("some", """{"permissions":["widgets.write"]}""");
        await host.TokenAsync(host.Org, "ci", ["viewer", "some", "lost"]);
        await host.TokenAsync(host.Org, "old", ["viewer"], expiresAt: DateTimeOffset.UnixEpoch);
        await MakeTokenAsync("""{"name":"in-web","spec":{"roles":["some"],"project":"web"}}""");
    }

    private static string Role(string name, string spec) => $$"""{"name":"{{name}}","spec":{{spec}}}""";

    private async Task MakeRoleAsync(string name, string spec)
    {
        var answer = await admin.SendJsonAsync("POST", "/api/v1/roles", Role(name, spec));
        Assert.True(answer.Status == 201, answer.Body.ToString());
    }

    private async Task MakeProjectAsync(string name) =>
        Assert.Equal(201, (await admin.SendJsonAsync("POST", "/api/v1/projects", Role(name, "{}"))).Status);

    private static Task<JsonAnswered> MakeAsync(HttpClient http, string plural, string name, string project = "web") =>
        http.SendJsonAsync("POST", "/api/v1/" + plural,
            $$$"""{"name":"{{{name}}}","project":"{{{project}}}","spec":{}}""");

    private async Task<HttpClient> TokenAsync(string name, params string[] roles) =>
        host.Client(await MakeTokenAsync(JsonSerializer.Serialize(new { name, spec = new { roles } })));

    private async Task<string> MakeTokenAsync(string body)
    {
        var answer = await admin.SendJsonAsync("POST", "/api/v1/tokens", body);
        Assert.True(answer.Status == 201, answer.Body.ToString());
        return answer.Text("token");
    }

    private static async Task<int> StatusAsync(HttpClient http, string path) => (await http.SendJsonAsync("GET", path)).Status;

    private static async Task<JsonElement> MeAsync(HttpClient http, string query = "")
    {
        var answer = await http.SendJsonAsync("GET", "/api/v1/access/me" + query);
        Assert.True(answer.Status == 200, answer.Body.ToString());
        return answer.Body;
    }

    private static string? Name(JsonElement me, string member) => me.GetProperty(member).GetProperty("name").GetString();

    private static List<string?> Texts(JsonElement me, string member) =>
        [.. me.GetProperty(member).EnumerateArray().Select(x => x.GetString())];
}

using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Strata.Core;
using Strata.Api.Tests.Hosting;
using Strata.Entities.Engine;

namespace Strata.Api.Tests;

public sealed class KindEndpointsTests : IAsyncLifetime
{
    private const string Widgets = "/api/v1/widgets";
    private ApiHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync();
        http = host.Client();
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Create_AnswersTheResourceWithLocationAndTag()
    {
        var made = await CreateAsync("one", """{"size":3,"tags":["a"]}""");
        Assert.Equal(201, made.Status);
        Assert.Equal("NEW", made.Text("state"));
        Assert.StartsWith("wid_", made.Text("id"), StringComparison.Ordinal);
        Assert.Equal($"{Widgets}/{made.Text("id")}", made.Headers.Location?.ToString());
        Assert.Equal($"\"{made.Body.GetProperty("revision")}\"", made.Headers.ETag?.Tag);
        Assert.Equal("token:admin", made.Text("updatedBy"));
        Assert.Equal(3, made.Body.GetProperty("spec").GetProperty("size").GetInt32());
        Assert.Equal(0.5, made.Body.GetProperty("spec").GetProperty("part").GetProperty("weight").GetDouble());
        Assert.StartsWith("prj_", made.Text("project"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_FindsByNameAndId_AndAsOfThen()
    {
        var made = await CreateAsync("one");
        var before = made.Text("updatedAt");
        await http.PatchAsync($"{Widgets}/one", """{"spec":{"color":"red"}}""");
        var now = await http.SendJsonAsync("GET", $"{Widgets}/{made.Text("id")}");
        var then = await http.SendJsonAsync("GET", $"{Widgets}/one?at={Uri.EscapeDataString(before)}");
        Assert.Equal("red", now.Body.GetProperty("spec").GetProperty("color").GetString());
        Assert.False(then.Body.GetProperty("spec").TryGetProperty("color", out _));
        Assert.Equal(404, (await http.SendJsonAsync("GET", $"{Widgets}/two")).Status);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("{\"spec\":7,\"status\":[]}")]
    [InlineData("{\"project\":3,\"labels\":null}")]
    public async Task List_WithADamagedDocument_HasTheOthersAndItCanBeDeleted(string document)
    {
        await CreateAsync("one");
        var bad = EntityId.New(TimeProvider.System);
        Assert.True(
            (await host.Services.GetRequiredService<EntityEngine>().CreateAsync(
                new Caller(host.Org, "user:test"), WidgetKind.Kind.Model, bad, JsonText.FromString(document), null, default)).IsOk);
        await CreateAsync("two");
        var listed = await http.SendJsonAsync("GET", Widgets);
        Assert.Equal(
            ["one", "two"], listed.Body.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("name").GetString()).Order());
        var address = $"{Widgets}/{WidgetKind.Kind.IdOf(bad)}";
        // not by SendJsonAsync, which compares with the description: what is damaged does not fit it
        Assert.Contains(
            "\"name\":\"\"", await http.GetStringAsync(address, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var changed = await http.PatchAsync(address, """{"spec":{"color":"red"}}""");
        Assert.Equal("DOCUMENT_UNREADABLE", changed.Code);
        using var deleted = await http.DeleteAsync(address, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
    }

    [Theory]
    [InlineData("spec.nope=1", "spec.nope", "The fields of spec are size, ")]
    [InlineData("spec.colour=red", "spec.colour", "Did you mean spec.color?")]
    [InlineData("spec.weight=1", "spec.weight", "Did you mean spec.part.weight?")]
    [InlineData("spec.wieght=1", "spec.wieght", "Did you mean spec.part.weight?")]
    [InlineData("spec.size.x=1", "spec.size.x", "Did you mean spec.size?")]
    [InlineData("spec.part.nope=1", "spec.part.nope", "The fields of spec.part are")]
    [InlineData(
        "where=%7B%22type%22%3A%22simple%22%2C%22jsonPath%22%3A%22%24.state%22%2C%22operatorType%22%3A%22EQUALS%22%2C%22value%22%3A1%7D",
        "where", "Fields begin with spec, status or labels")]
    [InlineData("watch=true&spec.colour=red", "spec.colour", "Did you mean spec.color?")]
    public async Task List_ByAFieldThatTheKindDoesNotHave_IsAnErrorThatNamesTheNearest(string query, string parameter, string next)
    {
        var refused = await http.SendJsonAsync("GET", $"{Widgets}?{query}");
        Assert.Equal((400, "INVALID_QUERY"), (refused.Status, refused.Code));
        Assert.Equal(parameter, refused.Body.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Contains("a field of widgets.", refused.Text("detail"), StringComparison.Ordinal);
        Assert.Contains(next, refused.Text("next"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("spec.env.ANY=1")]
    [InlineData("labels.any.key=1")]
    [InlineData("spec.part.weight=0.5")]
    public async Task List_ByAFieldThatMayBeThere_IsAList(string query) =>
        Assert.Equal(200, (await http.SendJsonAsync("GET", $"{Widgets}?{query}")).Status);

    [Fact]
    public async Task List_OfDeleted_HasEachAsItWasLast()
    {
        async Task<string[]> Deleted(string query) => [.. (await http.SendJsonAsync("GET", $"/api/v1/boxes?deleted=true{query}")).Body
            .GetProperty("items").EnumerateArray().Select(i => $"{i.GetProperty("name")} {i.GetProperty("deleted")}")];
        foreach (var _ in (int[])[1, 2])
        {
            await http.SendJsonAsync("POST", "/api/v1/boxes", """{"name":"gone","project":"web","spec":{} }""");
            Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/boxes/gone")).Status);
        }
        await http.SendJsonAsync("POST", "/api/v1/boxes", """{"name":"here","project":"web","spec":{} }""");
        Assert.Equal(["gone True", "gone True"], await Deleted(""));
        Assert.Equal(["gone True", "gone True"], await Deleted("&project=web"));
        Assert.Empty(await Deleted("&where=" + Uri.EscapeDataString(
            """{"type":"simple","jsonPath":"$.name","operatorType":"EQUALS","value":"here"}""")));
        var first = await http.SendJsonAsync("GET", "/api/v1/boxes?deleted=true&limit=1");
        Assert.Single(await Deleted("&limit=1&cursor=" + first.Text("nextCursor")));
        foreach (var bad in (string[])["deleted=true&at=2026-01-01T00:00:00Z", "deleted=true&watch=true", "deleted=x",
            "cursor=" + first.Text("nextCursor")])
            Assert.Equal(400, (await http.SendJsonAsync("GET", "/api/v1/boxes?" + bad)).Status);
    }

    [Fact]
    public async Task Create_WithFaults_ReportsThemAll()
    {
        var refused = await http.SendJsonAsync("POST", Widgets, """{"name":"No","spec":{"size":"x","nope":1,"part":{"hollow":3}},"extra":1}""");
        Assert.Equal(400, refused.Status);
        Assert.Equal("VALIDATION_FAILED", refused.Code);
        var fields = refused.Body.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("field").GetString()).ToHashSet();
        Assert.Superset(new HashSet<string?> { "name", "spec.size", "spec.nope", "spec.part.hollow", "extra", "project" }, fields);
        Assert.True(refused.Body.TryGetProperty("next", out _));
        Assert.Equal(refused.Headers.GetValues("X-Request-Id").Single(), refused.Text("requestId"));
    }

    [Fact]
    public async Task Create_TwiceTheSameName_Conflicts()
    {
        await CreateAsync("one");
        var again = await CreateAsync("one");
        Assert.Equal((409, "NAME_TAKEN"), (again.Status, again.Code));
    }

    [Fact]
    public async Task Delete_AProjectThatHoldsSomething_IsRefused()
    {
        var made = await CreateAsync("one");
        var project = "/api/v1/projects/" + made.Text("project");
        var refused = await http.SendJsonAsync("DELETE", project);
        Assert.Equal((409, "NOT_EMPTY"), (refused.Status, refused.Code));
        Assert.Contains("holds 1 widget (one).", refused.Text("detail"), StringComparison.Ordinal);
        Assert.Equal(200, (await http.SendJsonAsync("GET", project)).Status);
        foreach (var name in (string[])["two", "three", "four"]) await CreateAsync(name);
        await http.SendJsonAsync("POST", "/api/v1/boxes", $$"""{"name":"box","project":"{{made.Text("project")}}","spec":{} }""");
        refused = await http.SendJsonAsync("DELETE", project);
        // Which three: those created in the same millisecond are in no order.
        Assert.Matches(@"holds 4 widgets \((\w+, ){3}…\) and 1 box \(box\)\.", refused.Text("detail"));
        Assert.Contains("strata delete widget ", refused.Body.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patch_MergesAndHonoursIfMatch()
    {
        var made = await CreateAsync("one", """{"size":3,"env":{"A":"1","B":"2"}}""");
        var tag = made.Headers.ETag!.Tag;
        var patched = await http.PatchAsync($"{Widgets}/one", """{"spec":{"env":{"A":null,"C":"3"}},"labels":{"tier":"web"}}""", ("If-Match", tag));
        Assert.Equal(200, patched.Status);
        Assert.Equal("""{"B":"2","C":"3"}""", patched.Body.GetProperty("spec").GetProperty("env").GetRawText());
        Assert.Equal(3, patched.Body.GetProperty("spec").GetProperty("size").GetInt32());
        var late = await http.PatchAsync($"{Widgets}/one", """{"spec":{"size":4}}""", ("If-Match", tag));
        Assert.Equal((412, "ENTITY_MODIFIED"), (late.Status, late.Code));
    }

    [Fact]
    public async Task Patch_OfAnUnknownField_IsRefused()
    {
        await CreateAsync("one");
        Assert.Equal("VALIDATION_FAILED", (await http.PatchAsync($"{Widgets}/one", """{"spec":{"nope":1}}""")).Code);
        Assert.Equal("VALIDATION_FAILED", (await http.PatchAsync($"{Widgets}/one", """{"name":"two"}""")).Code);
        Assert.Equal("VALIDATION_FAILED", (await http.PatchAsync($"{Widgets}/one", """{"spec":{"size":1000}}""")).Code);
    }

    [Fact]
    public async Task References_TakeNames_AndKeepIds()
    {
        var box = await http.SendJsonAsync("POST", "/api/v1/boxes", """{"name":"b","project":"web","spec":{}}""");
        var made = await CreateAsync("one", """{"box":"b"}""");
        Assert.Equal(box.Text("id"), made.Body.GetProperty("spec").GetProperty("box").GetString());
        await http.PatchAsync($"{Widgets}/one", """{"spec":{"box":null}}""");
        var patched = await http.PatchAsync($"{Widgets}/one", """{"spec":{"box":"b"}}""");
        Assert.Equal(box.Text("id"), patched.Body.GetProperty("spec").GetProperty("box").GetString());
        Assert.Equal("VALIDATION_FAILED", (await http.PatchAsync($"{Widgets}/one", """{"spec":{"box":"none"}}""")).Code);
    }

    [Fact]
    public async Task Transition_TakesAPatchInTheSameCommit()
    {
        await CreateAsync("one");
        var polished = await http.SendJsonAsync("POST", $"{Widgets}/one/transitions/polish", """{"spec":{"color":"gold"}}""");
        Assert.Equal(("SHINY", "polish"), (polished.Text("state"), polished.Text("transition")));
        Assert.Equal("gold", polished.Body.GetProperty("spec").GetProperty("color").GetString());
        var again = await http.SendJsonAsync("POST", $"{Widgets}/one/transitions/polish");
        Assert.Equal((400, "TRANSITION_NOT_FOUND"), (again.Status, again.Code));
    }

    [Fact]
    public async Task Transition_OfControllers_NeedsControl()
    {
        await CreateAsync("one");
        using var developer = host.Client(await host.TokenAsync(host.Org, "dev", ["developer"]));
        Assert.Equal(403, (await developer.SendJsonAsync("POST", $"{Widgets}/one/transitions/break")).Status);
        Assert.Equal(403, (await developer.PatchAsync($"{Widgets}/one", """{"status":{"message":"x"}}""")).Status);
        using var part = host.Client(await host.TokenAsync(TenantId.Platform, "part", ["admin"]));
        var broken = await part.SendJsonAsync("POST", $"{Widgets}/one/transitions/break?org=default", """{"status":{"message":"cracked"}}""");
        Assert.Equal("cracked", broken.Body.GetProperty("status").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Delete_TakesTheKindsTransition_OrDeletes()
    {
        await CreateAsync("one");
        Assert.Equal("REMOVING", (await http.SendJsonAsync("DELETE", $"{Widgets}/one")).Text("state"));
        await http.SendJsonAsync("POST", "/api/v1/projects", """{"name":"gone","spec":{}}""");
        var deleted = await http.SendJsonAsync("DELETE", "/api/v1/projects/gone");
        Assert.True(deleted.Body.GetProperty("deleted").GetBoolean());
        Assert.Equal(404, (await http.SendJsonAsync("GET", "/api/v1/projects/gone")).Status);
        var history = await http.SendJsonAsync("GET", $"/api/v1/projects/{deleted.Text("id")}/history");
        Assert.Equal(["DELETING", "DELETING", "ACTIVE"],
            history.Body.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("state").GetString()));
    }

    [Fact]
    public async Task List_PagesAndFilters()
    {
        for (var i = 1; i <= 5; i++) await CreateAsync($"w{i}", $$"""{"size":{{i}},"color":"{{(i % 2 == 0 ? "red" : "7")}}"}""");
        await http.SendJsonAsync("POST", $"{Widgets}/w1/transitions/polish");
        var first = await http.SendJsonAsync("GET", $"{Widgets}?limit=2");
        var second = await http.SendJsonAsync("GET", $"{Widgets}?limit=10&cursor={first.Text("nextCursor")}");
        Assert.Equal((2, 3), (Names(first).Length, Names(second).Length));
        Assert.Equal(["w1", "w2", "w3", "w4", "w5"], Names(first).Concat(Names(second)).Order());
        Assert.False(second.Body.TryGetProperty("nextCursor", out _));
        Assert.Equal(["w2", "w4"], Names(await http.SendJsonAsync("GET", $"{Widgets}?spec.color=red")));
        Assert.Equal(["w1", "w3", "w5"], Names(await http.SendJsonAsync("GET", $"{Widgets}?spec.color=7")));
        Assert.Equal(["w3"], Names(await http.SendJsonAsync("GET", $"{Widgets}?spec.size=3&state=NEW&project=web")));
        Assert.Equal(["w1"], Names(await http.SendJsonAsync("GET", $"{Widgets}?state=SHINY")));
        var where = Uri.EscapeDataString("""{"type":"simple","jsonPath":"$.spec.size","operatorType":"GREATER_THAN","value":4}""");
        Assert.Equal(["w5"], Names(await http.SendJsonAsync("GET", $"{Widgets}?where={where}")));
    }

    [Fact]
    public async Task List_WithQueriesThatMeanNothing_IsRefused()
    {
        foreach (var query in (string[])["limit=0", "limit=x", "cursor=%21", "at=soon", "state=HAPPY", "project=none", "where={",
            "watch=maybe", "foo=1", "limit=1&limit=2", "spec.=1", "spec.a[=1", "from=3"])
        {
            var refused = await http.SendJsonAsync("GET", $"{Widgets}?{query}");
            Assert.True(refused.Status is 400 or 404, $"{query}: {refused.Status}");
            Assert.NotNull(refused.Code);
        }
    }

    [Fact]
    public async Task Anything_ThatIsNotThere_IsAProblem()
    {
        var unknown = await http.SendJsonAsync("GET", "/api/v1/nothing");
        Assert.Equal((404, "NO_SUCH_ENDPOINT"), (unknown.Status, unknown.Code));
        var method = await http.SendJsonAsync("PUT", Widgets, "{}");
        Assert.Equal((405, "METHOD_NOT_ALLOWED"), (method.Status, method.Code));
        var type = await http.SendJsonAsync("POST", Widgets, "<a/>", "application/xml");
        Assert.Equal((415, "UNSUPPORTED_MEDIA_TYPE"), (type.Status, type.Code));
        var large = await http.SendJsonAsync("POST", Widgets, $$"""{"name":"{{new string('a', 1 << 20)}}"}""");
        Assert.Equal((413, "BODY_TOO_LARGE"), (large.Status, large.Code));
        var none = await http.SendJsonAsync("POST", Widgets);
        Assert.Equal((400, "BODY_REQUIRED"), (none.Status, none.Code));
    }

    [Fact]
    public async Task RequestId_OfTheCallerIsKept_WhereItIsSane()
    {
        Assert.Equal(
            "abc-1", (await http.SendJsonAsync("GET", Widgets, headers: ("X-Request-Id", "abc-1"))).Headers.GetValues(
                "X-Request-Id").Single());
        Assert.StartsWith(
            "req_", (await http.SendJsonAsync("GET", Widgets, headers: ("X-Request-Id", "a b"))).Headers.GetValues("X-Request-Id").Single(),
            StringComparison.Ordinal);
    }

    private Task<JsonAnswered> CreateAsync(string name, string spec = "{}") =>
        http.SendJsonAsync("POST", Widgets, $$"""{"name":"{{name}}","project":"web","spec":{{spec}}}""");

    /// <summary>In order of the alphabet: ids of one millisecond have none.</summary>
    private static string[] Names(JsonAnswered page) =>
        [.. page.Body.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("name").GetString()!).Order()];
}

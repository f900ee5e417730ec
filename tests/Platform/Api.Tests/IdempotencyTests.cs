using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

public sealed class IdempotencyTests : IAsyncLifetime
{
    private const string Widgets = "/api/v1/widgets";
    private const string Body = """{"name":"one","project":"web","spec":{}}""";
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
    public async Task Create_WithTheSameKey_TakesEffectOnce_EvenAfterOtherChanges()
    {
        var first = await SendAsync("POST", Widgets, "k1", Body);
        await http.PatchAsync($"{Widgets}/one", """{"spec":{"size":9}}""");
        var head = await host.Log.HeadAsync(host.Org, default);
        var again = await SendAsync("POST", Widgets, "k1", Body);
        Assert.Equal((201, first.Body.GetRawText()), (again.Status, again.Body.GetRawText()));
        Assert.Equal(first.Headers.ETag, again.Headers.ETag);
        Assert.Equal(head, await host.Log.HeadAsync(host.Org, default));
    }

    [Fact]
    public async Task Create_WithTheKeyOfAnotherRequest_Conflicts()
    {
        await SendAsync("POST", Widgets, "k1", Body);
        var other = await SendAsync("POST", Widgets, "k1", Body.Replace("one", "two", StringComparison.Ordinal));
        Assert.Equal((409, "IDEMPOTENCY_CONFLICT"), (other.Status, other.Code));
        Assert.Equal(409, (await SendAsync("DELETE", $"{Widgets}/one", "k1")).Status);
    }

    [Fact]
    public async Task Key_SurvivesTheServer()
    {
        var first = await SendAsync("POST", Widgets, "k1", Body);
        await using var next = await ApiHost.StartAsync(host.Log);
        using var client = next.Client(host.AdminToken);
        var again = await client.SendJsonAsync("POST", Widgets, Body, headers: ("Idempotency-Key", "k1"));
        Assert.Equal(first.Body.GetRawText(), again.Body.GetRawText());
    }

    [Fact]
    public async Task Transition_Patch_Delete_AreAnsweredAgain()
    {
        await SendAsync("POST", Widgets, "k1", Body);
        var polish = await SendAsync("POST", $"{Widgets}/one/transitions/polish", "k2", """{"spec":{"size":2}}""");
        var patch = await SendAsync("PATCH", $"{Widgets}/one", "k3", """{"spec":{"size":3}}""", "application/merge-patch+json");
        var delete = await SendAsync("DELETE", $"{Widgets}/one", "k4");
        Assert.Equal(["SHINY", "SHINY", "REMOVING"], [polish.Text("state"), patch.Text("state"), delete.Text("state")]);
        Assert.Equal(polish.Body.GetRawText(), (await SendAsync("POST", $"{Widgets}/one/transitions/polish", "k2", """{"spec":{"size":2}}""")).Body.GetRawText());
        Assert.Equal(patch.Body.GetRawText(), (await SendAsync("PATCH", $"{Widgets}/one", "k3", """{"spec":{"size":3}}""", "application/merge-patch+json")).Body.GetRawText());
        Assert.Equal(delete.Body.GetRawText(), (await SendAsync("DELETE", $"{Widgets}/one", "k4")).Body.GetRawText());
    }

    [Fact]
    public async Task Deletion_AtOnce_IsAnsweredAgain()
    {
        await http.SendJsonAsync("POST", "/api/v1/projects", """{"name":"gone","spec":{}}""");
        var first = await SendAsync("DELETE", "/api/v1/projects/gone", "k1");
        var again = await SendAsync("DELETE", "/api/v1/projects/gone", "k1");
        Assert.True(again.Body.GetProperty("deleted").GetBoolean());
        Assert.Equal(first.Body.GetRawText(), again.Body.GetRawText());
    }

    [Fact]
    public async Task Failure_IsNotRemembered()
    {
        Assert.Equal(404, (await SendAsync("POST", $"{Widgets}/one/transitions/polish", "k1")).Status);
        await SendAsync("POST", Widgets, "k2", Body);
        Assert.Equal(200, (await SendAsync("POST", $"{Widgets}/one/transitions/polish", "k1")).Status);
    }

    [Fact]
    public async Task SameKeyAtOnce_TakesEffectOnce()
    {
        var all = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => SendAsync("POST", Widgets, "k1", Body)));
        Assert.All(all, a => Assert.True(a.Status == 201 || a.Code == "REQUEST_IN_PROGRESS", $"{a.Status} {a.Code}"));
        Assert.Single(all.Where(a => a.Status == 201).Select(a => a.Text("id")).Distinct());
    }

    [Fact]
    public async Task Keys_OfDifferentCallers_DoNotMeet()
    {
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "admin", ["admin"]));
        await SendAsync("POST", Widgets, "k1", Body);
        var theirs = await other.SendJsonAsync(
            "POST", Widgets, Body.Replace("one", "two", StringComparison.Ordinal), headers: ("Idempotency-Key", "k1"));
        Assert.Equal(201, theirs.Status);
    }

    [Fact]
    public async Task Token_MadeTwice_IsNotToldAgain()
    {
        const string Token = """{"name":"ci","spec":{"roles":["viewer"]}}""";
        Assert.Equal(201, (await SendAsync("POST", "/api/v1/tokens", "k1", Token)).Status);
        Assert.Equal("TOKEN_ALREADY_CREATED", (await SendAsync("POST", "/api/v1/tokens", "k1", Token)).Code);
    }

    private Task<JsonAnswered> SendAsync(
        string method, string path, string key, string? body = null, string mediaType = "application/json") =>
        http.SendJsonAsync(method, path, body, mediaType, ("Idempotency-Key", key));
}

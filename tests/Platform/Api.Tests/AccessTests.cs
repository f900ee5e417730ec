using System.Text.Json;
using Strata.Api.Tests.BadInputs;
using Strata.Api.Tests.Hosting;
using Strata.Core;

namespace Strata.Api.Tests;

public sealed class AccessTests : IAsyncLifetime
{
    private static readonly string[] OpenPaths = ["/", "/healthz", "/readyz", "/openapi.json", "/docs", "/docs/assets/{file}",
        "/docs/errors", "/docs/errors/{code}"];
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
    public async Task EveryEndpoint_NamesAPermission_OrIsOpenByIntent()
    {
        foreach (var endpoint in await EndpointsAsync())
            Assert.True((endpoint.Permission is null) == OpenPaths.Contains(endpoint.Path), $"{endpoint}: {endpoint.Permission ?? "open"}");
    }

    [Fact]
    public async Task EveryEndpoint_WithoutAToken_IsUnauthorized()
    {
        using var nobody = new HttpClient { BaseAddress = host.Address };
        foreach (var endpoint in (await EndpointsAsync()).Where(e => e.Permission is not null))
        {
            var answer = await nobody.SendJsonAsync(endpoint.Method, Fill(endpoint, "x"));
            Assert.True(answer.Status == 401, $"{endpoint}: {answer.Status}");
        }
    }

    [Fact]
    public async Task EveryEndpoint_ForATokenWithoutItsPermission_IsForbidden()
    {
        using var weak = host.Client(await host.TokenAsync(host.Org, "weak", ["edge"]));
        foreach (var endpoint in (await EndpointsAsync()).Where(e => e.Permission is not null))
        {
            var answer = await weak.SendJsonAsync(endpoint.Method, Fill(endpoint, "x"));
            Assert.True(answer.Status == 403, $"{endpoint}: {answer.Status}");
        }
    }

    [Fact]
    public async Task EndpointWithoutPermission_IsClosed()
    {
        await using var careless = await ApiHost.StartAsync(
            map: app => Microsoft.AspNetCore.Builder.EndpointRouteBuilderExtensions.MapGet(app, "/forgotten", () => "secret"));
        using var admin = careless.Client();
        Assert.Equal(403, (await admin.SendJsonAsync("GET", "/forgotten")).Status);
    }

    /// <summary>
    /// Derived from the description: another organization's token neither sees nor changes anything, whatever endpoint it tries and by name
    /// or by id.
    /// </summary>
    [Fact]
    public async Task AnotherOrganization_SeesAndChangesNothing()
    {
        await http.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"treasure","project":"web","spec":{"color":"s3cr3t"}}""");
        await http.SendJsonAsync("POST", "/api/v1/projects", """{"name":"treasure","spec":{"displayName":"s3cr3t"}}""");
        await http.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"treasure","spec":{"roles":["viewer"]}}""");
        var ids = await IdsAsync("treasure");
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "admin", ["admin"]));
        var head = await host.Log.HeadAsync(host.Org, default);
        foreach (var endpoint in (await EndpointsAsync())
            .Where(e => e.Permission is not null && e.Path.StartsWith("/api/v1/", StringComparison.Ordinal)))
        {
            var named = endpoint.Path.Split('/')[3];
            foreach (var target in (string[])["treasure", ids.GetValueOrDefault(named, "treasure")])
            {
                foreach (var query in (string[])["", $"?org={host.Org}", "?org=default"])
                {
                    var answer = await other.SendJsonAsync(
                        endpoint.Method, Fill(endpoint, target) + query, BodyFor(endpoint), endpoint.MediaType ?? "application/json");
                    Assert.DoesNotContain("s3cr3t", answer.Body.ValueKind == JsonValueKind.Undefined ? "" : answer.Body.GetRawText(),
                        StringComparison.Ordinal);
                    if (endpoint.In("path").Any())
                        Assert.True(answer.Status is 403 or 404 or 400, $"{endpoint} {target}{query}: {answer.Status}");
                }
            }
        }
        Assert.Equal(head, await host.Log.HeadAsync(host.Org, default));
    }

    [Fact]
    public async Task TokenOfAProject_SeesThatProjectOnly()
    {
        var web = (await http.SendJsonAsync("GET", "/api/v1/projects/web")).Text("id");
        await http.SendJsonAsync("POST", "/api/v1/projects", """{"name":"api","spec":{}}""");
        await http.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"mine","project":"web","spec":{}}""");
        await http.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"theirs","project":"api","spec":{}}""");
        await http.SendJsonAsync("POST", "/api/v1/environments", """{"name":"staging","spec":{}}""");
        var made = await http.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"web-only","spec":{"roles":["admin"],"project":"web"}}""");
        using var scoped = host.Client(made.Text("token"));
        Assert.Equal(web, made.Body.GetProperty("resource").GetProperty("spec").GetProperty("project").GetString());
        Assert.Equal(["mine"], await NamesAsync(scoped, "/api/v1/widgets"));
        Assert.Equal(["web"], await NamesAsync(scoped, "/api/v1/projects"));
        // Stages belong to all projects: a token of one names them, and changes none.
        Assert.Equal(["staging"], await NamesAsync(scoped, "/api/v1/environments"));
        Assert.Equal(200, (await scoped.SendJsonAsync("GET", "/api/v1/environments/staging")).Status);
        Assert.Equal(403, (await scoped.PatchAsync("/api/v1/environments/staging", """{"spec":{"displayName":"x"}}""")).Status);
        Assert.Equal(403, (await scoped.SendJsonAsync("DELETE", "/api/v1/environments/staging")).Status);
        Assert.Equal(404, (await scoped.SendJsonAsync("GET", "/api/v1/widgets/theirs")).Status);
        Assert.Equal(404, (await scoped.SendJsonAsync("GET", "/api/v1/widgets/theirs/history")).Status);
        Assert.Equal(404, (await scoped.PatchAsync("/api/v1/widgets/theirs", """{"spec":{"size":2}}""")).Status);
        Assert.Equal(404, (await scoped.SendJsonAsync("DELETE", "/api/v1/widgets/theirs")).Status);
        Assert.Equal(400, (await scoped.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"x","project":"api","spec":{}}""")).Status);
        foreach (var named in (string[])["/api/v1/widgets?project=", "/api/v1/projects?project=", "/api/v1/widgets?watch=true&project="])
        {
            Assert.Equal(404, (await scoped.SendJsonAsync("GET", named + "absent")).Status);
            Assert.Equal(404, (await scoped.SendJsonAsync("GET", named + "api")).Status);
        }
        var absent = await scoped.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"x","project":"absent","spec":{}}""");
        var other = await scoped.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"x","project":"api","spec":{}}""");
        Assert.Equal(absent.Text("detail").Replace("absent", "api", StringComparison.Ordinal), other.Text("detail"));
        Assert.Equal(web, (await scoped.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"y","spec":{}}""")).Text("project"));
        await http.SendJsonAsync("POST", "/api/v1/boxes", """{"name":"ours","project":"web","spec":{}}""");
        await http.SendJsonAsync("POST", "/api/v1/boxes", """{"name":"theirs","project":"api","spec":{}}""");
        Assert.Equal(200, (await scoped.PatchAsync("/api/v1/widgets/mine", """{"spec":{"box":"ours"}}""")).Status);
        Assert.Equal(400, (await scoped.PatchAsync("/api/v1/widgets/mine", """{"spec":{"box":"theirs"}}""")).Status);
        Assert.Equal(400, (await scoped.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"z","spec":{"box":"theirs"}}""")).Status);
        Assert.Equal(403, (await scoped.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"wide","spec":{"roles":["viewer"]}}""")).Status);
    }

    [Fact]
    public async Task Token_RevokedOrExpired_IsRefused()
    {
        var made = await http.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"ci","spec":{"roles":["viewer"]}}""");
        Assert.DoesNotContain("secretHash", made.Body.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain(
            "secretHash", (await http.SendJsonAsync("GET", "/api/v1/tokens/ci")).Body.GetRawText(), StringComparison.Ordinal);
        using var client = host.Client(made.Text("token"));
        Assert.Equal(200, (await client.SendJsonAsync("GET", "/api/v1/widgets")).Status);
        await http.SendJsonAsync("DELETE", "/api/v1/tokens/ci");
        Assert.Equal(401, (await client.SendJsonAsync("GET", "/api/v1/widgets")).Status);
        using var late = host.Client(
            await host.TokenAsync(host.Org, "late", ["admin"], expiresAt: TimeProvider.System.GetUtcNow().AddSeconds(-1)));
        Assert.Equal(401, (await late.SendJsonAsync("GET", "/api/v1/widgets")).Status);
    }

    [Fact]
    public async Task Token_CannotGrantMoreThanItsMaker()
    {
        using var developer = host.Client(await host.TokenAsync(host.Org, "dev", ["developer"]));
        Assert.Equal(403, (await developer.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"a","spec":{"roles":["viewer"]}}""")).Status);
        using var admin = host.Client(await host.TokenAsync(host.Org, "plain", ["admin"]));
        Assert.Equal(403, (await admin.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"a","spec":{"roles":["operator"]}}""")).Status);
        Assert.Equal(403, (await admin.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"a","spec":{"roles":["viewer"],"actor":"user:root"}}""")).Status);
    }

    [Fact]
    public async Task WhatBelongsToTheCloud_IsReadAndChangedByItsOperators()
    {
        Assert.Equal(201, (await http.SendJsonAsync("POST", "/api/v1/gadgets", """{"name":"g","spec":{}}""")).Status);
        using var admin = host.Client(await host.TokenAsync(host.Org, "plain", ["admin"]));
        Assert.Equal(["g"], await NamesAsync(http, "/api/v1/gadgets"));
        Assert.Empty(await NamesAsync(admin, "/api/v1/gadgets"));
        Assert.Equal(404, (await admin.SendJsonAsync("GET", "/api/v1/gadgets/g")).Status);
        Assert.Equal(404, (await admin.SendJsonAsync("GET", "/api/v1/gadgets/g/history")).Status);
        Assert.Equal(403, (await admin.PatchAsync("/api/v1/gadgets/g", """{"spec":{"enabled":false}}""")).Status);
        Assert.Equal(403, (await admin.SendJsonAsync("DELETE", "/api/v1/gadgets/g")).Status);
        Assert.Equal(["default"], await NamesAsync(admin, "/api/v1/organizations"));
        Assert.Equal(404, (await admin.SendJsonAsync("GET", "/api/v1/organizations/other")).Status);
    }

    /// <summary>Every form of a path that a database might take for the hidden member, and every way to ask.</summary>
    [Theory]
    [InlineData("$.status.secretHash")]
    [InlineData("$.status['secretHash']")]
    [InlineData("$['status']['secretHash']")]
    [InlineData("$.status[*].secretHash")]
    [InlineData("$.status[0].secretHash")]
    [InlineData("$[*].status.secretHash")]
    [InlineData("$[0]['status'][0]['secretHash']")]
    [InlineData("$.status")]
    [InlineData("$")]
    [InlineData("$[*]")]
    public async Task HiddenField_InACondition_IsRefused(string path)
    {
        await http.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"ci","spec":{"roles":["viewer"]}}""");
        var simple = $$"""{"type":"simple","jsonPath":"{{path}}","operatorType":"NOT_NULL"}""";
        foreach (var where in (string[])[simple, $$"""{"type":"group","operator":"OR","conditions":[{"type":"group","operator":"NOT","conditions":[{{simple}}]}]}"""])
        {
            foreach (var watch in (string[])["", "&watch=true", "&at=2026-01-01T00:00:00Z"])
            {
                var answer = await http.SendJsonAsync("GET", "/api/v1/tokens?where=" + Uri.EscapeDataString(where) + watch);
                Assert.True(answer.Status == 400, $"{where}{watch}: {answer.Status} {answer.Body}");
            }
        }
    }

    [Fact]
    public async Task HiddenField_AsAQueryParameter_IsRefused()
    {
        Assert.Equal(400, (await http.SendJsonAsync("GET", "/api/v1/tokens?status.secretHash=x")).Status);
        Assert.Equal(400, (await http.SendJsonAsync("GET", "/api/v1/tokens?status.secretHash=x&watch=true")).Status);
        Assert.Equal(200, (await http.SendJsonAsync("GET", "/api/v1/tokens?spec.project=x")).Status);
    }

    [Fact]
    public async Task Control_IsNotGrantedByWildcards()
    {
        await http.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"w","project":"web","spec":{}}""");
        Assert.Equal(403, (await http.PatchAsync("/api/v1/widgets/w", """{"status":{"uses":7}}""")).Status);
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/v1/widgets/w/transitions/break")).Status);
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/v1/widgets/w/transitions/polish", """{"status":{"uses":7}}""")).Status);
        Assert.Equal(403, (await http.SendJsonAsync("POST", "/api/v1/tokens", """{"name":"a","spec":{"roles":["agent"]}}""")).Status);
    }

    [Fact]
    public async Task Reference_ToAnotherProjectOrOrganization_IsRefused_ByNameAndById()
    {
        await http.SendJsonAsync("POST", "/api/v1/projects", """{"name":"p2","spec":{}}""");
        var foreign = (await http.SendJsonAsync("POST", "/api/v1/boxes", """{"name":"theirs","project":"p2","spec":{}}""")).Text("id");
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "admin", ["admin"]));
        var outside = (await other.SendJsonAsync("POST", "/api/v1/boxes", """{"name":"outside","project":"web","spec":{}}""")).Text("id");
        var mine = (await http.SendJsonAsync("POST", "/api/v1/boxes", """{"name":"mine","project":"web","spec":{}}""")).Text("id");
        Assert.Equal(mine, (await http.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"w","project":"web","spec":{"box":"mine"}}""")).Body.GetProperty("spec").GetProperty("box").GetString());
        foreach (var box in (string[])["theirs", foreign, "outside", outside, "nothing", "box_00000000000000000000000000"])
        {
            var made = await http.SendJsonAsync("POST", "/api/v1/widgets", $$$"""{"name":"x","project":"web","spec":{"box":"{{{box}}}"}}""");
            Assert.True(made.Status == 422 || made.Status == 400, $"{box}: {made.Status}");
            var patched = await http.PatchAsync("/api/v1/widgets/w", $$$"""{"spec":{"box":"{{{box}}}"}}""");
            Assert.True(patched.Status == 422 || patched.Status == 400, $"{box}: {patched.Status}");
        }
        Assert.Equal(200, (await http.PatchAsync("/api/v1/widgets/w", """{"spec":{"box":"mine"}}""")).Status);
    }

    [Fact]
    public async Task Project_BeingDeleted_TakesNothingNew()
    {
        for (var round = 0; round < 10; round++)
        {
            var project = "doomed" + round;
            Assert.Equal(201, (await http.SendJsonAsync("POST", "/api/v1/projects", $$$"""{"name":"{{{project}}}","spec":{}}""")).Status);
            var created = Enumerable.Range(0, 4).Select(i => http.SendJsonAsync("POST", "/api/v1/boxes", $$$"""{"name":"b{{{round}}}-{{{i}}}","project":"{{{project}}}","spec":{}}""")).ToList();
            var deleted = await http.SendJsonAsync("DELETE", "/api/v1/projects/" + project);
            var made = (await Task.WhenAll(created)).Count(a => a.Status == 201);
            Assert.True(deleted.Status == 200 ? made == 0 : made > 0, $"{deleted.Status}, {made} created");
            if (deleted.Status != 200)
                Assert.Equal("ACTIVE", (await http.SendJsonAsync("GET", "/api/v1/projects/" + project)).Text("state"));
        }
    }

    [Fact]
    public async Task Platform_SeesAllOrganizations_AndNamesTheOneItMeans()
    {
        using var agent = host.Client(await host.TokenAsync(TenantId.Platform, "agent", ["admin"]));
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "admin", ["admin"]));
        await http.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"one","project":"web","spec":{}}""");
        var theirs = (await other.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"one","project":"web","spec":{}}""")).Text("id");
        Assert.Equal(["one", "one"], await NamesAsync(agent, "/api/v1/widgets"));
        Assert.Equal(["one"], await NamesAsync(agent, "/api/v1/widgets?org=other"));
        Assert.Equal(host.OtherOrg.ToString(), (await agent.SendJsonAsync("GET", $"/api/v1/widgets/{theirs}")).Text("org"));
        Assert.Equal("ORG_REQUIRED", (await agent.SendJsonAsync("GET", "/api/v1/widgets/one")).Code);
        Assert.Equal(
            "BROKEN",
            (await agent.SendJsonAsync(
                "POST", $"/api/v1/widgets/one/transitions/break?org={host.OtherOrg}", headers: ("Idempotency-Key", "k"))).Text("state"));
        Assert.Equal(
            "BROKEN",
            (await agent.SendJsonAsync(
                "POST", $"/api/v1/widgets/{theirs}/transitions/break", headers: ("Idempotency-Key", "k2"))).Code is null ? "?" : "BROKEN");
        Assert.Equal("NEW", (await http.SendJsonAsync("GET", "/api/v1/widgets/one")).Text("state"));
        Assert.Equal("ORG_REQUIRED", (await agent.SendJsonAsync("POST", "/api/v1/widgets", """{"name":"two","project":"web","spec":{}}""")).Code);
        Assert.Equal(201, (await agent.SendJsonAsync("POST", "/api/v1/widgets?org=other", """{"name":"two","project":"web","spec":{}}""")).Status);
    }

    private async Task<IReadOnlyList<DescribedEndpoint>> EndpointsAsync() =>
        ApiDescription.Parse(await http.GetStringAsync("/openapi.json")).Endpoints;

    private async Task<Dictionary<string, string>> IdsAsync(string name)
    {
        var ids = new Dictionary<string, string>();
        foreach (var plural in (string[])["widgets", "projects", "tokens"])
            ids[plural] = (await http.SendJsonAsync("GET", $"/api/v1/{plural}/{name}")).Text("id");
        return ids;
    }

    private static string? BodyFor(DescribedEndpoint endpoint) =>
        endpoint.MediaType switch { null => null, var t when t.EndsWith("json", StringComparison.Ordinal) => "{}", _ => "x" };

    private static string Fill(DescribedEndpoint endpoint, string value) =>
        endpoint.In("path").Aggregate(
            endpoint.Path, (path, p) => path.Replace($"{{{p.Name}}}", p.Name == "transition" ? "polish" : value, StringComparison.Ordinal));

    private static async Task<string[]> NamesAsync(HttpClient client, string path) =>
        [.. (await client.SendJsonAsync("GET", path)).Body.GetProperty("items").EnumerateArray()
            .Select(i => i.GetProperty("name").GetString()!)];
}

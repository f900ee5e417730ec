using Strata.Api.Tests.Hosting;
using Strata.Core;

namespace Strata.Api.Tests;

/// <summary>What the platform's own parts see of a resource, and what only operators may ask for.</summary>
public sealed class PartsTests : IAsyncLifetime
{
    private const string Widgets = "/api/v1/widgets";
    private ApiHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync();
        http = host.Client();
        var made = await http.SendJsonAsync("POST", Widgets, """{"name":"w","project":"web","spec":{"env":{"KEY":"s3cr3t"} } }""");
        Assert.Equal(201, made.Status);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task PartWithoutANode_IsNotShownPrivateMembers_AndCannotFilter()
    {
        using var part = host.Client(await host.TokenAsync(TenantId.Platform, "edge", ["viewer"]));
        foreach (var path in new[] { $"{Widgets}?org=default", $"{Widgets}/w?org=default", $"{Widgets}/w/history?org=default" })
        {
            var seen = await part.SendJsonAsync("GET", path);
            Assert.Equal(200, seen.Status);
            Assert.Contains("\"size\":1", seen.Body.GetRawText(), StringComparison.Ordinal);
            Assert.DoesNotContain("\"env\"", seen.Body.GetRawText(), StringComparison.Ordinal);
            Assert.Contains("s3cr3t", (await http.SendJsonAsync("GET", path)).Body.GetRawText(), StringComparison.Ordinal);
        }
        foreach (var filter in new[] { "spec.env.KEY=s3cr3t",
            "where=%7B%22type%22%3A%22group%22%2C%22operator%22%3A%22AND%22%2C%22conditions%22%3A%5B%5D%7D" })
        {
            Assert.Equal(400, (await part.SendJsonAsync("GET", $"{Widgets}?org=default&{filter}")).Status);
            Assert.Equal(200, (await http.SendJsonAsync("GET", $"{Widgets}?{filter}")).Status);
        }
    }

    [Fact]
    public async Task Watch_OfAPartWithoutANode_ShowsNoPrivateMembers()
    {
        using var part = host.Client(await host.TokenAsync(TenantId.Platform, "edge", ["viewer"]));
        using var stream = await part.GetStreamAsync($"{Widgets}?org=default&watch=true");
        using var lines = new StreamReader(stream);
        var changed = 0;
        while (changed < 2)
        {
            var line = await lines.ReadLineAsync();
            Assert.NotNull(line);
            Assert.DoesNotContain("s3cr3t", line, StringComparison.Ordinal);
            if (line.StartsWith("data:", StringComparison.Ordinal) && line.Contains("\"widget\"", StringComparison.Ordinal)) changed++;
            if (line.StartsWith("event: ready", StringComparison.Ordinal)) Assert.Equal(200, (await http.PatchAsync($"{Widgets}/w", """{"spec":{"size":2} }""")).Status);
        }
    }

    [Fact]
    public async Task Spec_ThatOnlyOperatorsMayAskFor_IsRefusedToOthers_OnCreateAndOnPatch()
    {
        using var developer = host.Client(await host.TokenAsync(host.Org, "other", ["admin"]));
        Assert.Equal(400, (await developer.SendJsonAsync("POST", Widgets, """{"name":"g","project":"web","spec":{"color":"gold"} }""")).Status);
        Assert.Equal(400, (await developer.PatchAsync($"{Widgets}/w", """{"spec":{"color":"gold"} }""")).Status);
        Assert.Equal(400, (await developer.SendJsonAsync("POST", $"{Widgets}/w/transitions/polish", """{"spec":{"color":"gold"} }""", "application/merge-patch+json")).Status);
        Assert.Equal(200, (await http.PatchAsync($"{Widgets}/w", """{"spec":{"color":"gold"} }""")).Status);
        Assert.Equal(400, (await developer.PatchAsync($"{Widgets}/w", """{"spec":{"size":3} }""")).Status); // it would run what is an operator's
        Assert.Equal(200, (await developer.PatchAsync($"{Widgets}/w", """{"labels":{"tier":"web"} }""")).Status);
    }
}

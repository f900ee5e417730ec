using System.Net.WebSockets;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>
/// Organization b takes all that it can of each common resource; organization a still deploys, watches, searches and connects tunnels.
/// </summary>
public sealed class FairSharesTests : IAsyncLifetime
{
    private SecurityCloud cloud = null!;

    public async ValueTask InitializeAsync() => cloud = await SecurityCloud.StartAsync(
        "--tunnels-max", "4", "--streams-max", "6", "--feed-streams-max", "3", "--api-requests-max", "64", "--quota-instances", "2");

    public ValueTask DisposeAsync() => cloud.DisposeAsync();

    [Fact]
    [Trait("Duration", "Long")]
    public async Task OneOrganization_TakesAllItCan_AnotherIsStillServed()
    {
        var (a, b) = (cloud.A.Admin, cloud.B.Admin);
        using var app = AppFolder.Saying("hello");
        (await cloud.RunAsAsync(b, "deploy", app.Path, "--name", "greedy")).ShouldSucceed();
        Assert.Equal(200, (await cloud.CallAsync(b, "POST", "/api/v1/deployments/greedy/transitions/resize", """{"spec":{"run":{"replicas":5}}}""", "application/merge-patch+json")).Status);
        var tunnels = await TakeTunnelsAsync(b, "greedy");
        var watches = await TakeWatchesAsync(b);
        Assert.Equal((2, 3), (tunnels.Count, watches.Count));
        await Wait.UntilAsync(async () => (await RefusedAsync(b)) == 3, "the instances beyond the quota say so");

        Assert.Equal(429, (await cloud.CallAsync(b, "GET", "/api/v1/deployments/greedy/logs?follow=true")).Status);
        await ReadAsync(b, "/api/v1/deployments/greedy/logs?tail=10");
        await Wait.UntilAsync(
            async () => await MessageAsync(b, "greedy") is { } message
                && message.Contains("QUOTA_EXCEEDED", StringComparison.Ordinal), "the rollout says so");
        var metrics = await ReadAsync(cloud.Operator, "/api/v1/metrics");
        Assert.Contains("strata_share_used{resource=\"tunnels\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("strata_share_total{resource=\"tunnels\"} 4\n", metrics, StringComparison.Ordinal);

        await using var modest = await ConnectAsync(a, "modest");
        using var watch = await WatchAsync(a);
        Assert.Equal(200, (int)watch.StatusCode);
        (await cloud.RunAsAsync(a, "deploy", app.Path, "--name", "modest-app")).ShouldSucceed();
        (await cloud.RunAsAsync(a, "model", "import", "share-note", """{"text":"x"}""")).ShouldSucceed();
        Assert.Equal(200, (await cloud.CallAsync(a, "POST", "/api/search/direct/share-note/1", """{"type":"group","operator":"AND","conditions":[]}""")).Status);
        foreach (var tunnel in tunnels) await tunnel.DisposeAsync();
        watches.ForEach(w => w.Dispose());
    }

    private async Task<List<Tunnel>> TakeTunnelsAsync(string token, string name)
    {
        var taken = new List<Tunnel>();
        for (var i = 0; i < 10; i++)
        {
            try
            {
                taken.Add(await ConnectAsync(token, $"{name}-{i}"));
            }
            catch (WebSocketException)
            {
                break; // refused
            }
        }
        return taken;
    }

    private async Task<Tunnel> ConnectAsync(string token, string name)
    {
        Assert.Equal(201, (await cloud.CallAsync(token, "POST", "/api/v1/tunnels", $$"""{"name":"{{name}}","project":"default","spec":{} }""")).Status);
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        await socket.ConnectAsync(
            new Uri($"ws://127.0.0.1:{cloud.ApiPort}/api/v1/tunnels/{name}/connect"), TestContext.Current.CancellationToken);
        return new Tunnel(socket);
    }

    private async Task<List<HttpResponseMessage>> TakeWatchesAsync(string token)
    {
        var taken = new List<HttpResponseMessage>();
        for (var i = 0; i < 10; i++)
        {
            var watch = await WatchAsync(token);
            if (!watch.IsSuccessStatusCode) return taken;
            taken.Add(watch);
        }
        return taken;
    }

    private async Task<HttpResponseMessage> WatchAsync(string token)
    {
        var http = cloud.Api(token);
        return await http.GetAsync(new Uri("/api/v1/deployments?watch=true", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead,
            TestContext.Current.CancellationToken);
    }

    private async Task<string> ReadAsync(string token, string path)
    {
        using var http = cloud.Api(token);
        return await http.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
    }

    private async Task<string?> MessageAsync(string token, string deployment)
    {
        var found = await cloud.CallAsync(token, "GET", $"/api/v1/deployments/{deployment}");
        return found.Body.GetProperty("status").TryGetProperty("message", out var message) ? message.GetString() : null;
    }

    private async Task<int> RefusedAsync(string token)
    {
        var list = await cloud.CallAsync(token, "GET", "/api/v1/instances?state=PENDING");
        return list.Body.GetProperty("items").EnumerateArray().Count(
            i => i.GetProperty("status").TryGetProperty("message", out var message)
                && message.GetString()?.StartsWith("QUOTA_EXCEEDED", StringComparison.Ordinal) == true);
    }

    private sealed class Tunnel(ClientWebSocket socket) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            socket.Abort();
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

using System.Text;
using System.Text.Json;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Runtimes;

namespace Strata.Agent.Tests;

/// <summary>An agent's token reaches its own node and the instances that are assigned to it, and nothing else.</summary>
public sealed class AgentBindingTests : IAsyncLifetime
{
    private AgentHost host = null!;
    private string instance = "";
    private StrataClient stranger = null!;

    public async ValueTask InitializeAsync()
    {
        host = await AgentHost.StartAsync(RuntimeChoice.Process);
        instance = await host.CreateAsync(TestImage.Of(("x", "x")), "echo up; while :; do sleep 1; done",
            spec => spec with { Health = new HealthCheck { GraceSeconds = 300 } });
        await host.UntilAsync(instance, InstanceStates.Starting);
        stranger = await host.AgentOfAsync("nod_01hzzzzzzzzzzzzzzzzzzzzzzz");
    }

    public async ValueTask DisposeAsync()
    {
        stranger.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task AgentOfAnotherNode_NeitherSeesNorControlsTheInstance()
    {
        var instances = stranger.Resources("instances");
        Assert.Equal(ErrorKind.NotFound, await RefusedAsync(() => instances.GetAsync(instance, host.Org.ToString())));
        Assert.Empty(await ListAsync(instances));
        var patch = Encoding.UTF8.GetBytes("""{"status":{"address":"127.0.0.1","port":22}}""");
        Assert.Equal(ErrorKind.NotFound, await RefusedAsync(() => SendAsync(HttpMethod.Patch, "", patch)));
        Assert.Equal(
            ErrorKind.NotFound, await RefusedAsync(() => SendAsync(HttpMethod.Post, "/transitions/fail", Encoding.UTF8.GetBytes("{}"))));
        Assert.Equal(
            ErrorKind.NotFound,
            await RefusedAsync(() => SendAsync(HttpMethod.Post, "/logs", Encoding.UTF8.GetBytes("forged\n"), "text/plain")));
        Assert.Equal(ErrorKind.NotFound, await RefusedAsync(() => SendAsync(HttpMethod.Get, "/logs", null)));
        Assert.Equal(ErrorKind.NotFound, await RefusedAsync(() => SendAsync(HttpMethod.Post, "/token", null)));
        Assert.Equal(ErrorKind.NotFound, await RefusedAsync(() => SendAsync(HttpMethod.Post, "/token/renew", null)));
        Assert.DoesNotContain("forged", await host.LinesAsync(instance));
    }

    /// <summary>
    /// Whoever started the agent registers the machine again, with another token: this one is bound to the node that is gone.
    /// </summary>
    [Fact]
    public async Task Agent_WhoseNodeIsDeleted_Ends()
    {
        await host.DeleteNodeAsync();
        await host.AgentEndedAsync();
    }

    [Fact]
    public async Task Heartbeat_OfAnybodyButTheNodesOwnAgent_IsRefused()
    {
        const string path = "/api/v1/nodes/node-1/heartbeat";
        Assert.Equal(ErrorKind.Forbidden, await RefusedAsync(() => stranger.SendBytesAsync(HttpMethod.Post, path)));
        Assert.Equal(ErrorKind.Forbidden, await RefusedAsync(() => host.Admin.SendBytesAsync(HttpMethod.Post, path)));
        using var own = await host.AgentOfAsync(host.Node);
        // let in, and the agent that runs holds the lease
        Assert.Equal(ErrorKind.Conflict, await RefusedAsync(() => own.SendBytesAsync(HttpMethod.Post, path)));
    }

    [Fact]
    public async Task AgentOfAnotherNode_NeitherSeesNorChangesTheNode_AndCreatesNone()
    {
        var nodes = stranger.Resources<NodeSpec, NodeStatus>("nodes");
        Assert.Equal(ErrorKind.NotFound, await RefusedAsync(() => nodes.GetAsync("node-1")));
        Assert.Equal(ErrorKind.NotFound, await RefusedAsync(() => stranger.SendBytesAsync(
            HttpMethod.Patch, "/api/v1/nodes/node-1", Encoding.UTF8.GetBytes("""{"status":{"address":"192.0.2.1"}}"""), "application/merge-patch+json")));
        Assert.Equal(
            ErrorKind.Forbidden, await RefusedAsync(() => nodes.CreateAsync(new NewResource<NodeSpec> { Name = "node-2", Spec = new() })));
    }

    [Fact]
    public async Task TokenOfAnInstance_Expires_AndIsRenewedByItsAgent()
    {
        using var own = await host.AgentOfAsync(host.Node);
        var name = "instance-" + instance[(instance.IndexOf('_', StringComparison.Ordinal) + 1)..];
        var before = await ExpiryAsync(name);
        Assert.InRange(before, TimeProvider.System.GetUtcNow().AddMinutes(30), TimeProvider.System.GetUtcNow().AddHours(1));
        await own.SendBytesAsync(HttpMethod.Post, $"/api/v1/instances/{instance}/token/renew?org={host.Org}");
        Assert.True(await ExpiryAsync(name) > before);
        await host.TakeAsync(instance, "stop");
        await host.UntilAsync(instance, InstanceStates.Stopped);
        Assert.Equal(
            ErrorKind.Conflict,
            await RefusedAsync(() => own.SendBytesAsync(HttpMethod.Post, $"/api/v1/instances/{instance}/token/renew?org={host.Org}")));
    }

    [Fact]
    public async Task TokenOfAnInstance_EndsWithIt_AndGetsNoOther()
    {
        var id = await host.CreateAsync(TestImage.Of(("x", "x")), "echo $STRATA_TOKEN; while :; do sleep 1; done",
            spec => spec with { Health = new HealthCheck { GraceSeconds = 300 } }, "app-2");
        var token = "";
        await Wait.UntilAsync(
            async () => (token = (await host.LinesAsync(id)).Find(l => l.StartsWith("stk_", StringComparison.Ordinal)) ?? "").Length > 0,
            "it has said its token");
        using var client = host.ClientOf(token);
        Assert.Equal(ErrorKind.Forbidden, await RefusedAsync(() => ListAsync(client.Resources("projects")))); // this server has few roles
        foreach (var of in (string[])[id, instance])
        {
            foreach (var path in (string[])["token", "token/renew"])
            {
                Assert.Contains(
                    await RefusedAsync(() => client.SendBytesAsync(HttpMethod.Post, $"/api/v1/instances/{of}/{path}")),
                    (ErrorKind[])[ErrorKind.Forbidden, ErrorKind.NotFound]);
            }
        }
        await host.TakeAsync(id, "stop");
        await host.UntilAsync(id, InstanceStates.Stopped);
        await host.RevokeEndedAsync(id);
        Assert.Equal(ErrorKind.Unauthenticated, await RefusedAsync(() => ListAsync(client.Resources("projects"))));
    }

    /// <summary>As after a server that was away for longer than the token was good: it takes a moment until the file has another.</summary>
    [Fact]
    public async Task Agent_WhoseTokenIsRefused_GoesOnWithTheOneThatIsPutIntoItsFile()
    {
        using var copied = host.AgentClient();
        await host.RotateAgentTokenAsync();
        Assert.Equal(ErrorKind.Unauthenticated, await RefusedAsync(() => copied.Resources("instances").GetAsync(instance, host.OrgId)));
        await Wait.UntilAsync(() => host.LastBeatError is not null, "the agent's token is refused");
        Assert.Equal(InstanceStates.Starting, (await host.GetAsync(instance)).State);

        host.WriteAgentToken();
        await Wait.UntilAsync(() => host.LastBeatError is null, "the agent goes on");
        await host.TakeAsync(instance, "stop");
        await host.UntilAsync(instance, InstanceStates.Stopped);
    }

    private async Task<DateTimeOffset> ExpiryAsync(string token) =>
        (await host.Admin.Resources("tokens").GetAsync(token)).Spec.GetProperty("expiresAt").GetDateTimeOffset();

    private Task SendAsync(HttpMethod method, string rest, ReadOnlyMemory<byte>? body, string type = "application/merge-patch+json") =>
        stranger.SendBytesAsync(method, $"/api/v1/instances/{instance}{rest}?org={host.Org}", body, type);

    private static async Task<List<string>> ListAsync(ResourceClient<JsonElement, JsonElement> resources)
    {
        var names = new List<string>();
        await foreach (var resource in resources.ListAsync()) names.Add(resource.Name);
        return names;
    }

    private static async Task<ErrorKind> RefusedAsync(Func<Task> call) => (await Assert.ThrowsAsync<StrataException>(call)).Error.Kind;
}

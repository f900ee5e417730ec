using System.Text;
using System.Text.Json;
using Strata.Client;
using Strata.Core;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Faults;

/// <summary>Three servers on one database: each answers for all, also while one is killed.</summary>
public sealed class ThreeServersTests
{
    private static readonly string[] NoAgentNorEdge = ["--agent", "off", "--edge-mode", "off"];

    private const string Workflow = """
        {"importMode":"REPLACE","workflows":[{"version":"1.0","name":"w","initialState":"NEW","active":true,"states":{"NEW":{"transitions":[{"name":"pay","next":"PAID","manual":true,
          "processors":[{"type":"externalized","name":"charge","executionMode":"SYNC","config":{"calculationNodesTags":"trio","responseTimeoutMs":20000}}]}]},"PAID":{}}}]}
        """;

    [Fact]
    public async Task Members_OfAnyServer_WorkForAll_JoinTransactionsElsewhere_AndEndWithTheirServer()
    {
        await using var trio = await CloudTrio.StartAsync(NoAgentNorEdge);
        var clients = Clients(trio);
        await UntilOneIsKilledAsync(trio, clients);
        clients.ForEach(c => c.Dispose());
    }

    [Fact, Trait("Duration", "Long")]
    public async Task Servers_KilledStoppedAndStartedAgain_AreKnownAsSuch_AndWorkedForByTheOthers()
    {
        await using var trio = await CloudTrio.StartAsync(NoAgentNorEdge);
        var clients = Clients(trio);
        await UntilOneIsKilledAsync(trio, clients);
        await using (await MemberAsync(clients[1]))
        {
            await Wait.UntilAsync(async () => (await StatesAsync(clients[1])).Contains("DOWN"), "the killed server is down");
            var status = (await trio.All[0].RunAsync("doctor")).Output;
            Assert.Contains("heartbeats ended", status);
            (await trio.UpAsync(trio.All[2], NoAgentNorEdge)).ShouldSucceed();
            await Wait.UntilAsync(async () => await TryAsync(PayAsync(clients[2])), "the third is back, and is worked for");
            Assert.Equal(["UP", "UP", "UP"], await StatesAsync(clients[2]));
        }
        (await trio.All[2].RunAsync("down")).ShouldSucceed();
        await Wait.UntilAsync(async () => (await StatesAsync(clients[0])).Contains("GONE"), "a server that was stopped says so");
        clients.ForEach(c => c.Dispose());
    }

    [Fact, Trait("Duration", "Long")]
    public async Task Deployments_GoOnAtEveryServer_WhileOneIsKilled()
    {
        await using var trio = await CloudTrio.StartAsync();
        var token = trio.All[0].Token;
        using var site = new AppFolder(("index.html", "one"));
        await DeployAsync(trio.All[0], token, site.Path);
        foreach (var cloud in trio.All) await ServesAsync(cloud, "one");

        await trio.All[0].KillAsync();
        await File.WriteAllTextAsync(Path.Combine(site.Path, "index.html"), "two", TestContext.Current.CancellationToken);
        await DeployAsync(trio.All[1], token, site.Path);
        foreach (var cloud in trio.All.Skip(1)) await ServesAsync(cloud, "two");
        (await RunAsync(trio.All[2], token, "rollback", "trio-site")).ShouldSucceed();
        foreach (var cloud in trio.All.Skip(1)) await ServesAsync(cloud, "one");

        (await trio.UpAsync(trio.All[0])).ShouldSucceed();
        await ServesAsync(trio.All[0], "one");
    }

    private static async Task DeployAsync(Cloud cloud, string token, string folder) =>
        (await RunAsync(cloud, token, "deploy", folder, "--name", "trio-site")).ShouldSucceed();

    private static Task<CommandResult> RunAsync(Cloud cloud, string token, params string[] arguments) =>
        cloud.RunAsync(new Dictionary<string, string> { ["STRATA_URL"] = cloud.ApiUrl.ToString(), ["STRATA_TOKEN"] = token }, arguments);

    private static Task ServesAsync(Cloud cloud, string page) => Wait.UntilAsync(
        async () =>
        {
            using var http = cloud.Edge("trio-site");
            using var answer = await http.GetAsync("/");
            return await answer.Content.ReadAsStringAsync() == page;
        }, $"the edge at {cloud.HttpPort} serves \"{page}\"", 120);

    private static List<StrataClient> Clients(CloudTrio trio)
    {
        var token = trio.All[0].Token;
        return [.. trio.All.Select(c => new StrataClient(c.ApiUrl, token, new ClientOptions { RetriesMax = 0 }))];
    }

    /// <summary>A member at the third works for all; the third is killed; one at the second works for the first.</summary>
    private static async Task UntilOneIsKilledAsync(CloudTrio trio, List<StrataClient> clients)
    {
        await Wait.UntilAsync(async () => (await StatesAsync(clients[1])).SequenceEqual(["UP", "UP", "UP"]), "all three are up");
        Assert.Contains("3 servers are up", (await trio.All[0].RunAsync("status")).Output);
        await ModelsAsync(clients[0]);

        await using (await MemberAsync(clients[2]))
        {
            await Wait.UntilAsync(async () => await MembersAsync(clients[0]) == 1 && await MembersAsync(clients[1]) == 1,
                "all list the member");
            // Asked anywhere, worked on at the third, once it has announced its member. Lists are put together when they are asked for.
            foreach (var client in clients) await Wait.UntilAsync(async () => await TryAsync(PayAsync(client)), "all have it work");
            await trio.All[2].KillAsync();
        }
        var refused = await Assert.ThrowsAsync<StrataException>(() => PayAsync(clients[0]));
        Assert.True(refused.Error.Code is "NO_COMPUTE_MEMBER_FOR_TAG" or "COMPUTE_MEMBER_DISCONNECTED", refused.Error.ToString());

        await using (await MemberAsync(clients[1]))
        {
            await Wait.UntilAsync(async () => await TryAsync(PayAsync(clients[0])), "a member of the second server works for the first");
        }
    }

    /// <summary>The member's receipt is part of the transaction of the order, on whatever server that is.</summary>
    private static async Task PayAsync(StrataClient client)
    {
        var orders = client.Entities<Order>("trio-order");
        var id = await orders.CreateAsync(new Order("new", null));
        await orders.TransitionAsync(id, "pay");
        var paid = await orders.GetAsync(id);
        Assert.Equal("PAID", paid.Meta.State);
        var receipt = await client.Entities<Receipt>("trio-receipt").GetAsync(paid.Data.Receipt!.Value);
        Assert.Equal(id, receipt.Data.Order);
    }

    private static async Task<bool> TryAsync(Task task)
    {
        try
        {
            await task;
            return true;
        }
        catch (StrataException e) when (e.Error.Retryable)
        {
            return false;
        }
    }

    private static async Task<Running> MemberAsync(StrataClient client)
    {
        var (stop, joined) = (new CancellationTokenSource(), new TaskCompletionSource());
        var handlers = new Charger(client.Entities<Receipt>("trio-receipt"));
        var serving = new ComputeMember(client, new MemberOptions { Tags = ["trio"], OnJoined = () => joined.TrySetResult() },
            handlers).RunAsync(stop.Token);
        await joined.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        return new Running(stop, serving);
    }

    private static async Task ModelsAsync(StrataClient client)
    {
        var id = Guid.Empty;
        await SendAsync(client, HttpMethod.Post, "/api/model/import/JSON/SAMPLE_DATA/trio-order/1",
            $$"""{"text":"x","receipt":"{{id}}"}""");
        await SendAsync(client, HttpMethod.Put, "/api/model/trio-order/1/lock", null);
        await SendAsync(client, HttpMethod.Post, "/api/model/trio-order/1/workflow/import", Workflow);
        await SendAsync(client, HttpMethod.Post, "/api/model/import/JSON/SAMPLE_DATA/trio-receipt/1", $$"""{"order":"{{id}}"}""");
        await SendAsync(client, HttpMethod.Put, "/api/model/trio-receipt/1/lock", null);
    }

    private static async Task<IReadOnlyList<string>> StatesAsync(StrataClient client) =>
        await ListAsync(client, "/api/v1/servers", s => s.GetProperty("state").GetString()!);

    private static async Task<int> MembersAsync(StrataClient client) =>
        (await ListAsync(client, "/api/v1/compute/members", m => m.GetProperty("name").GetString()!)).Count;

    private static async Task<IReadOnlyList<string>> ListAsync(StrataClient client, string path, Func<JsonElement, string> what)
    {
        using var answer = await client.SendAsync(HttpMethod.Get, path);
        return [.. answer!.RootElement.GetProperty("items").EnumerateArray().Select(what)];
    }

    private static Task SendAsync(StrataClient client, HttpMethod method, string path, string? body) =>
        client.SendAsync(new ApiRequest(method, path) { Body = body is null
            ? null
            : Encoding.UTF8.GetBytes(body) }, TestContext.Current.CancellationToken);

    private sealed record Order(string Text, Guid? Receipt);

    private sealed record Receipt(Guid Order);

    private sealed class Charger(EntityClient<Receipt> receipts)
    {
        [Processor("charge")]
        public async Task<Order> ChargeAsync(Order order, CallContext call) =>
            order with { Receipt = await receipts.CreateAsync(new Receipt(call.EntityId)) };
    }

    private sealed class Running(CancellationTokenSource stop, Task serving) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            stop.Dispose();
        }
    }
}

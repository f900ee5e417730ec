using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Core;

namespace Strata.Client.Tests;

public sealed class StrataClientTests : IAsyncLifetime
{
    private ApiHost host = null!;
    private StrataClient client = null!;

    private ResourceClient<WidgetSpec, WidgetStatus> Widgets => client.Resources<WidgetSpec, WidgetStatus>("widgets");

    public async ValueTask InitializeAsync()
    {
        host = await ApiHost.StartAsync();
        client = new StrataClient(host.Address, host.AdminToken);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Verbs_GoRound()
    {
        var made = await CreateAsync("one");
        Assert.Equal((1, "NEW", "widget"), (made.Spec.Size, made.State, made.Kind));
        var patched = await Widgets.PatchAsync("one", new ResourcePatch(Spec: JsonText.FromString("""{"size":5}"""), Labels: new Dictionary<string, string?> { ["tier"] = "web" }));
        Assert.Equal((5, "web"), (patched.Spec.Size, patched.Labels["tier"]));
        var polished = await Widgets.TransitionAsync("one", "polish");
        Assert.Equal("SHINY", polished.State);
        Assert.Equal(1, (await Widgets.GetAsync("one", at: made.UpdatedAt)).Spec.Size);
        Assert.Equal(["SHINY", "NEW", "NEW"], await Widgets.HistoryAsync("one").Select(r => r.State).ToListAsync());
        Assert.Equal("REMOVING", (await Widgets.DeleteAsync("one")).State);
        Assert.Null(await Widgets.FindAsync("two"));
    }

    [Fact]
    public async Task List_GoesThroughAllPages()
    {
        foreach (var i in Enumerable.Range(1, 7)) await CreateAsync($"w{i}", new WidgetSpec { Size = i });
        Assert.Equal(7, await Widgets.ListAsync(new ResourceFilter { PageSize = 2 }).CountAsync());
        var some = await Widgets.ListAsync(
            new ResourceFilter { Project = "web", State = "NEW", Fields = new Dictionary<string, string> { ["spec.size"] = "3" } })
                .ToListAsync();
        Assert.Equal(["w3"], some.Select(w => w.Name));
        foreach (var limit in (int[])[0, 1, 3, 7, 20])
            Assert.Equal(Math.Min(limit, 7), await Widgets.ListAsync(new ResourceFilter { Limit = limit, PageSize = 2 }).CountAsync());
    }

    [Fact]
    public async Task Change_SendsOnlyWhatDiffers_NullsIncluded()
    {
        // The status is written by parts of the platform.
        using var part = new StrataClient(host.Address, await host.TokenAsync(TenantId.Platform, "part", ["admin"]));
        var widgets = part.Resources<WidgetSpec, WidgetStatus>("widgets");
        var made = await CreateAsync("one", new WidgetSpec { Color = "red", Size = 4 });
        var broken = await widgets.ChangeAsync(
            made, made with { Status = made.Status with { Message = "cracked", Uses = 3 } }, "break", org: "default");
        Assert.Equal(("BROKEN", "cracked"), (broken.State, broken.Status.Message));
        var mended = await widgets.ChangeAsync(broken,
            broken with { Status = broken.Status with { Message = null }, Spec = broken.Spec with { Color = null } }, org: "default");
        Assert.Equal((null, null, 3, 4), (mended.Status.Message, mended.Spec.Color, mended.Status.Uses, mended.Spec.Size));
        Assert.Same(mended, await widgets.ChangeAsync(mended, mended with { }, org: "default"));
    }

    [Fact]
    public async Task Errors_CarryWhatTheServerSays()
    {
        var e = await Assert.ThrowsAsync<StrataException>(() => CreateAsync("No"));
        Assert.Equal(("VALIDATION_FAILED", ErrorKind.Invalid), (e.Error.Code, e.Error.Kind));
        Assert.Contains(e.Error.Faults!, f => f.Field == "name");
        Assert.NotNull(e.Error.NextStep);
        Assert.StartsWith("req_", e.Error.RequestId, StringComparison.Ordinal);
        await CreateAsync("one");
        e = await Assert.ThrowsAsync<StrataException>(() => Widgets.PatchAsync("one", new ResourcePatch(Spec: JsonText.FromString("""{"size":5}""")), ifMatch: 1));
        Assert.Equal("ENTITY_MODIFIED", e.Error.Code);
        using var stranger = new StrataClient(host.Address, "stk_nonsense");
        e = await Assert.ThrowsAsync<StrataException>(() => stranger.Resources("widgets").GetAsync("one"));
        Assert.Equal(ErrorKind.Unauthenticated, e.Error.Kind);
        e = await Assert.ThrowsAsync<StrataException>(() => Widgets.GetAsync(".."));
        Assert.Equal("INVALID_NAME", e.Error.Code);
    }

    [Fact]
    public async Task NothingListening_IsSaidAtOnceWithTheNextStep()
    {
        using var nobody = new StrataClient(new Uri($"http://127.0.0.1:{FreePort.Next()}"), "x");
        var e = await Assert.ThrowsAsync<StrataException>(() => nobody.Resources("widgets").GetAsync("one"));
        Assert.Equal(ClientErrors.ServerUnreachable, e.Error.Code);
        Assert.Contains("strata up", e.Error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silence_EndsInATimeout()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var mute = new StrataClient(
            new Uri($"http://{listener.LocalEndpoint}"), "x", new ClientOptions { CallTimeout = TimeSpan.FromMilliseconds(200) });
        var e = await Assert.ThrowsAsync<StrataException>(() => mute.Resources("widgets").GetAsync("one"));
        Assert.Equal(ClientErrors.ServerTimeout, e.Error.Code);
        using var cancelled = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => mute.Resources("widgets").GetAsync("one", cancellationToken: cancelled.Token));
    }

    /// <summary>The token must not travel to where an answer points.</summary>
    [Fact]
    public async Task Redirection_IsNotFollowed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new StrataClient(new Uri($"http://{listener.LocalEndpoint}"), "secret");
        var asking = client.Resources("widgets").GetAsync("one");
        using (var socket = await listener.AcceptSocketAsync())
            await socket.SendAsync(
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
        var e = await Assert.ThrowsAsync<StrataException>(() => asking);
        Assert.Equal(ClientErrors.UnexpectedAnswer, e.Error.Code);
        Assert.False(listener.Pending());
    }

    /// <summary>The connection breaks behind every second request: the client sends it again, and nothing is created twice.</summary>
    [Fact]
    public async Task Create_OverAConnectionThatBreaks_TakesEffectOnce()
    {
        await using var proxy = new BreakingProxy(host.Address);
        using var shaky = new StrataClient(proxy.Address, host.AdminToken);
        var widgets = shaky.Resources<WidgetSpec, WidgetStatus>("widgets");
        for (var i = 0; i < 5; i++)
            Assert.Equal(
                $"w{i}", (await widgets.CreateAsync(new NewResource<WidgetSpec> { Name = $"w{i}", Project = "web", Spec = new() })).Name);
        Assert.True(proxy.Broken >= 3, $"{proxy.Broken} broken");
        Assert.Equal(5, await Widgets.ListAsync().CountAsync());
        Assert.All(await Widgets.ListAsync().ToListAsync(), w => Assert.Equal(w.CreatedAt, w.UpdatedAt));
    }

    [Fact]
    public async Task Generic_ServesAnyKind_AsJson()
    {
        var made = await client.Resources("widgets").CreateAsync(new NewResource<JsonElement> { Name = "one", Project = "web", Spec = JsonElement.Parse("""{"size":9}""") });
        Assert.Equal(9, made.Spec.GetProperty("size").GetInt32());
        using var raw = await client.SendAsync(HttpMethod.Get, "/api/v1/widgets?limit=1");
        Assert.Equal(1, raw!.RootElement.GetProperty("items").GetArrayLength());
    }

    private Task<Resource<WidgetSpec, WidgetStatus>> CreateAsync(string name, WidgetSpec? spec = null) =>
        Widgets.CreateAsync(new NewResource<WidgetSpec> { Name = name, Project = "web", Spec = spec ?? new() });
}

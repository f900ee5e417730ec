using System.Net;
using Strata.Api.Tests.Hosting;
using Strata.Core;

namespace Strata.Client.Tests;

public sealed class FollowTests
{
    private static readonly ClientOptions Eager =
        new() { BackOff = TimeSpan.FromMilliseconds(20), BackOffMax = TimeSpan.FromMilliseconds(200) };

    [Fact]
    public async Task Follow_GoesOn_WhenTheServerRestarts()
    {
        var port = FreePort.Next();
        var host = await ApiHost.StartAsync(port: port);
        var (log, token) = (host.Log, host.AdminToken);
        using var client = new StrataClient(new Uri($"http://127.0.0.1:{port}"), token, Eager);
        var widgets = client.Resources<WidgetSpec, WidgetStatus>("widgets");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        var errors = new List<Error>();
        await using var events = widgets.FollowAsync(onError: errors.Add, cancellationToken: patience.Token)
            .GetAsyncEnumerator(patience.Token);

        Assert.Equal(["Reset", "Ready"], await NextAsync(events, 2));
        await CreateAsync(widgets, "one");
        Assert.Equal(["Item one"], await NextAsync(events, 1));

        await host.DisposeAsync();
        host = await ApiHost.StartAsync(log, port);
        Assert.Equal(["Reset", "Item one", "Ready"], await NextAsync(events, 3));
        await CreateAsync(widgets, "two");
        Assert.Equal(["Item two"], await NextAsync(events, 1));
        await host.DisposeAsync();
    }

    [Fact]
    public async Task Follow_WaitsForAServerThatIsNotThereYet_AndSaysSo()
    {
        var port = FreePort.Next();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        var seed = await ApiHost.StartAsync();
        await seed.DisposeAsync();
        var missed = new TaskCompletionSource<Error>();
        using var client = new StrataClient(new Uri($"http://127.0.0.1:{port}"), seed.AdminToken, Eager);
        await using var events = client.Resources("widgets")
            .FollowAsync(onError: e => missed.TrySetResult(e), cancellationToken: patience.Token).GetAsyncEnumerator(patience.Token);
        var first = events.MoveNextAsync();
        Assert.Equal(ClientErrors.ServerUnreachable, (await missed.Task).Code);
        await using var host = await ApiHost.StartAsync(seed.Log, port);
        Assert.True(await first);
        Assert.Equal(WatchEventType.Reset, events.Current.Type);
    }

    [Fact]
    public async Task Follow_WithATokenThatIsRefused_Throws()
    {
        await using var host = await ApiHost.StartAsync();
        using var client = new StrataClient(host.Address, "stk_nonsense", Eager);
        var e = await Assert.ThrowsAsync<StrataException>(async () => await client.Resources("widgets").FollowAsync().FirstAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, (HttpStatusCode)ErrorStatus.Of(e.Error.Kind));
    }

    private static Task CreateAsync(ResourceClient<WidgetSpec, WidgetStatus> widgets, string name) =>
        widgets.CreateAsync(new NewResource<WidgetSpec> { Name = name, Project = "web", Spec = new() });

    private static async Task<List<string>> NextAsync(IAsyncEnumerator<WatchEvent<WidgetSpec, WidgetStatus>> events, int count)
    {
        var told = new List<string>();
        while (told.Count < count)
        {
            Assert.True(await events.MoveNextAsync());
            told.Add($"{events.Current.Type} {events.Current.Resource?.Name}".TrimEnd());
        }
        return told;
    }
}

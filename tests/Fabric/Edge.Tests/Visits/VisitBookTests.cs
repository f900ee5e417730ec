using Microsoft.Extensions.Logging.Abstractions;
using Strata.Client;
using Strata.Edge.Tests.Support;
using Strata.Edge.Visits;

namespace Strata.Edge.Tests.Visits;

/// <summary>How long an answer about a visit counts.</summary>
public class VisitBookTests
{
    private const string Resource = "rou_1";

    [Fact]
    public async Task Visit_IsAskedAboutOnceAMinute_AndEndsWithin()
    {
        await using var api = await FakeApi.StartAsync();
        var time = new FakeTime();
        using var client = new StrataClient(api.Url, api.Token);
        using var book = new VisitBook(client, time, NullLogger.Instance);
        api.Visits["stv_one"] = "ada@example.com";
        var found = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => book.AskAsync("stv_one", Resource).AsTask()));
        Assert.All(found, f => Assert.Equal("ada@example.com", f?.Visitor?.Email));
        Assert.Equal(1, api.VisitChecks);
        api.Visits.Clear();
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.NotNull(book.FindKnown("stv_one", Resource));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(book.FindKnown("stv_one", Resource));
        var ended = await book.AskAsync("stv_one", Resource);
        Assert.NotNull(ended);
        Assert.Null(ended.Visitor);
        Assert.Null(book.FindKnown("stv_one", "rou_2"));
    }

    [Fact]
    public async Task ControlPlaneAway_IsBridgedForAQuarterOfAnHour()
    {
        var api = await FakeApi.StartAsync();
        var time = new FakeTime();
        using var client = new StrataClient(api.Url, api.Token);
        using var book = new VisitBook(client, time, NullLogger.Instance);
        api.Visits["stv_one"] = "ada@example.com";
        Assert.NotNull((await book.AskAsync("stv_one", Resource))?.Visitor);
        await api.DisposeAsync();
        time.Advance(TimeSpan.FromMinutes(14));
        Assert.NotNull((await book.AskAsync("stv_one", Resource))?.Visitor);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await book.AskAsync("stv_one", Resource));
        Assert.Null(await book.AskAsync("stv_two", Resource));
    }

    /// <summary>A control plane that hangs keeps no one waiting who was in, and lets no one else in.</summary>
    [Fact]
    public async Task ControlPlaneThatHangs_IsNotWaitedForAtEachRequest()
    {
        await using var api = await FakeApi.StartAsync();
        using var client = new StrataClient(api.Url, api.Token);
        using var book = new VisitBook(client, TimeProvider.System, NullLogger.Instance) { GoodFor = TimeSpan.Zero };
        api.Visits["stv_one"] = "ada@example.com";
        Assert.NotNull((await book.AskAsync("stv_one", Resource))?.Visitor);
        var open = new TaskCompletionSource();
        api.VisitsOpen = open.Task;
        var others = Enumerable.Range(0, 100).Select(i => book.AskAsync($"stv_x{i}", Resource).AsTask()).ToList();
        for (var i = 0; i < 3; i++) Assert.NotNull((await book.AskAsync("stv_one", Resource))?.Visitor);
        Assert.Contains(others, o => o.IsCompleted); // beyond so many for one resource nothing is asked
        open.SetResult();
        Assert.All(await Task.WhenAll(others), answer => Assert.Null(answer?.Visitor));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("stv_white space")]
    [InlineData("stv_" + "=")]
    public async Task Nonsense_IsNotAskedAbout(string visit)
    {
        await using var api = await FakeApi.StartAsync();
        using var client = new StrataClient(api.Url, api.Token);
        using var book = new VisitBook(client, TimeProvider.System, NullLogger.Instance);
        for (var i = 0; i < 5; i++) Assert.Null((await book.AskAsync(visit, Resource))!.Visitor);
        Assert.Equal(1, api.VisitChecks); // for the page
        Assert.Equal("http://cloud.test/visit", book.SignInAt);
    }
}

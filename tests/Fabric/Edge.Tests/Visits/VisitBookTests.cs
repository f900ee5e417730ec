using Microsoft.Extensions.Logging.Abstractions;
using Strata.Client;
using Strata.Edge.Tests.Support;
using Strata.Edge.Visits;

namespace Strata.Edge.Tests.Visits;

/// <summary>How long an edge believes what it was told of a visit.</summary>
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
        api.Visits["one"] = "ada@example.com";
        var found = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => book.AskAsync("one", Resource).AsTask()));
        Assert.All(found, f => Assert.Equal("ada@example.com", f?.Visitor?.Email));
        Assert.Equal(1, api.VisitChecks);
        api.Visits.Clear();
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.NotNull(book.FindKnown("one", Resource));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(book.FindKnown("one", Resource));
        var ended = await book.AskAsync("one", Resource);
        Assert.NotNull(ended);
        Assert.Null(ended.Visitor);
        Assert.Null(book.FindKnown("one", "rou_2"));
    }

    [Fact]
    public async Task ControlPlaneAway_IsBridgedForAQuarterOfAnHour()
    {
        var api = await FakeApi.StartAsync();
        var time = new FakeTime();
        using var client = new StrataClient(api.Url, api.Token);
        using var book = new VisitBook(client, time, NullLogger.Instance);
        api.Visits["one"] = "ada@example.com";
        Assert.NotNull((await book.AskAsync("one", Resource))?.Visitor);
        await api.DisposeAsync();
        time.Advance(TimeSpan.FromMinutes(14));
        Assert.NotNull((await book.AskAsync("one", Resource))?.Visitor);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await book.AskAsync("one", Resource));
        Assert.Null(await book.AskAsync("two", Resource));
    }
}

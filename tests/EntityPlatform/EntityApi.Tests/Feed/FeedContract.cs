using System.Net;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Log;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Feed;

/// <summary>The change feed over HTTP.</summary>
public abstract class FeedContract(IStore store) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private EntityHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        host = await EntityHost.StartAsync(store);
        http = host.Client();
        foreach (var model in (string[])["book/1", "book/2", "shelf/1"])
        {
            Assert.Equal(200, (await http.SendJsonAsync("POST", $"/api/model/import/JSON/SAMPLE_DATA/{model}", """{"n":1}""")).Status);
            Assert.Equal(200, (await http.SendJsonAsync("PUT", $"/api/model/{model}/lock")).Status);
        }
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Feed_FromTheBeginning_TellsEachChangeInOrderAndNothingOfThePlatform()
    {
        var id = await CreateAsync("book/1", """{"n":1}""");
        await http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", """{"n":2}""");
        await http.SendJsonAsync("DELETE", $"/api/entity/{id}");
        var lines = await LinesAsync("/api/entity/feed");
        Assert.Equal(["CREATE", "UPDATE", "DELETE"], lines[..^1].Select(l => l.GetProperty("changeType").GetString()));
        Assert.All(lines[..^1], l => Assert.Equal(id, l.GetProperty("entity").GetProperty("meta").GetProperty("id").GetString()));
        Assert.Equal([1, 2, 2], lines[..^1].Select(l => l.GetProperty("entity").GetProperty("data").GetProperty("n").GetInt32()));
        Assert.True(lines[^1].GetProperty("end").GetBoolean());
        Assert.Equal(
            ("ping", (await HeadAsync()).Value), (lines[^1].GetProperty("type").GetString(), lines[^1].GetProperty("position").GetInt64()));
    }

    [Fact]
    public async Task Feed_OfACommitOfMany_GoesOnBehindTheWholeCommit()
    {
        await CreateAsync("book/1", """[{"n":1},{"n":2},{"n":3}]""");
        var lines = await LinesAsync("/api/entity/feed");
        var revision = lines[0].GetProperty("revision").GetInt64();
        Assert.Equal([revision - 1, revision - 1, revision], lines[..3].Select(l => l.GetProperty("position").GetInt64()));
        Assert.Equal(4, (await LinesAsync($"/api/entity/feed?from={revision - 1}")).Length);
        Assert.Single(await LinesAsync($"/api/entity/feed?from={revision}"));
    }

    [Theory]
    [InlineData("book", 2)]
    [InlineData("book.2", 1)]
    [InlineData("shelf", 1)]
    public async Task Feed_OfOneModel_TellsItsChangesOnly(string model, int count)
    {
        foreach (var one in (string[])["book/1", "shelf/1", "book/2"]) await CreateAsync(one, """{"n":1}""");
        var lines = await LinesAsync("/api/entity/feed?model=" + model);
        Assert.Equal(count, lines.Length - 1);
        Assert.Equal((await HeadAsync()).Value, lines[^1].GetProperty("position").GetInt64());
    }

    [Theory]
    [InlineData("/api/entity/feed?from=x", 400)]
    [InlineData("/api/entity/feed?from=999999", 400)]
    [InlineData("/api/entity/feed?model=strata.token", 404)]
    [InlineData("/api/entity/feed?model=book.0", 400)]
    [InlineData("/api/entity/feed?model=book.3", 404)]
    [InlineData("/api/entity/feed?model=nothing", 404)]
    [InlineData("/api/entity/feed?follow=yes", 400)]
    public async Task Feed_AskedWrongly_SaysSo(string path, int status) =>
        Assert.Equal(status, (await http.SendJsonAsync("GET", path)).Status);

    [Fact]
    public async Task Feed_Followed_TellsWhatIsCommittedFromThenOn()
    {
        await CreateAsync("book/1", """{"n":1}""");
        using var reader = await OpenAsync("/api/entity/feed?follow=true");
        Assert.Equal("ping", (await ReadLineAsync(reader)).GetProperty("type").GetString());
        for (var n = 2; n < 5; n++) await CreateAsync("book/1", $$"""{"n":{{n}}}""");
        foreach (var n in (int[])[2, 3, 4])
            Assert.Equal(n, (await ReadLineAsync(reader)).GetProperty("entity").GetProperty("data").GetProperty("n").GetInt32());
    }

    [Fact]
    public async Task Feed_AsEvents_GoesOnBehindTheLastEventId()
    {
        var before = await HeadAsync();
        for (var n = 1; n < 4; n++) await CreateAsync("book/1", $$"""{"n":{{n}}}""");
        string lastId;
        using (var reader = await OpenAsync($"/api/entity/feed?from={before}", "text/event-stream"))
        {
            Assert.Equal("ping", (await ReadEventAsync(reader)).Type);
            var first = await ReadEventAsync(reader);
            Assert.Equal(("change", 1), (first.Type, first.Data.GetProperty("entity").GetProperty("data").GetProperty("n").GetInt32()));
            lastId = first.Id!;
        }
        using var again = await OpenAsync($"/api/entity/feed?from={before}", "text/event-stream", lastId);
        await ReadEventAsync(again);
        Assert.Equal(2, (await ReadEventAsync(again)).Data.GetProperty("entity").GetProperty("data").GetProperty("n").GetInt32());
    }

    [Fact]
    public async Task Feed_OfAnotherOrganization_TellsNothing()
    {
        await CreateAsync("book/1", """{"n":1}""");
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "a", ["admin"]));
        Assert.Equal("ping", JsonElement.Parse(await other.GetStringAsync("/api/entity/feed")).GetProperty("type").GetString());
    }

    [Fact]
    public async Task Feed_TokenRevoked_Ends()
    {
        var token = await host.TokenAsync(host.Org, "reader", ["application"]);
        using var client = host.Client(token);
        using var response = await client.GetAsync("/api/entity/feed?follow=true", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        await ReadLineAsync(reader);
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/v1/tokens/reader")).Status);
        while (await reader.ReadLineAsync().WaitAsync(Patience) is { } line)
            Assert.DoesNotContain("change", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Feed_ManyFollowersAndWriters_EachSeesEveryChangeOnceInOrder()
    {
        const int Followers = 20, Writers = 4, Each = 25;
        var from = await HeadAsync();
        var following = Enumerable.Range(0, Followers).Select(_ => Task.Run(async () =>
        {
            using var reader = await OpenAsync($"/api/entity/feed?from={from}&follow=true");
            var seen = new List<long>();
            while (seen.Count < Writers * Each)
            {
                var line = await ReadLineAsync(reader);
                if (line.GetProperty("type").GetString() == "change") seen.Add(line.GetProperty("revision").GetInt64());
            }
            return seen;
        })).ToList();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++) await CreateAsync("book/1", $$"""{"n":{{w * Each + i}}}""");
        })));
        foreach (var seen in await Task.WhenAll(following))
            Assert.Equal(Enumerable.Range(1, Writers * Each).Select(i => from.Value + i), seen);
    }

    private async Task<string> CreateAsync(string model, string body)
    {
        var created = await http.SendJsonAsync("POST", "/api/entity/JSON/" + model, body);
        Assert.True(created.Status == 200, created.Body.ToString());
        return created.Body[0].GetProperty("entityIds")[0].GetString()!;
    }

    private ValueTask<Revision> HeadAsync() => host.Log.HeadAsync(host.Org, default);

    private async Task<JsonElement[]> LinesAsync(string path) =>
        [.. (await http.GetStringAsync(path)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonElement.Parse(l))];

    private async Task<StreamReader> OpenAsync(string path, string accept = "application/x-ndjson", string? lastId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Accept", accept);
        if (lastId is not null) request.Headers.Add("Last-Event-ID", lastId);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, accept), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        return new StreamReader(await response.Content.ReadAsStreamAsync());
    }

    private static async Task<JsonElement> ReadLineAsync(StreamReader reader) =>
        JsonElement.Parse((await reader.ReadLineAsync().WaitAsync(Patience))!);

    private static async Task<(string? Id, string? Type, JsonElement Data)> ReadEventAsync(StreamReader reader)
    {
        var fields = new Dictionary<string, string>();
        while (await reader.ReadLineAsync().WaitAsync(Patience) is { Length: > 0 } line)
            fields[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 2)..];
        return (fields.GetValueOrDefault("id"), fields.GetValueOrDefault("event"), JsonElement.Parse(fields["data"]));
    }
}

public sealed class MemoryFeedTests() : FeedContract(new MemoryStore());

public sealed class PostgresFeedTests(TestServer server) : FeedContract(PostgresDatabase.Reused(server));

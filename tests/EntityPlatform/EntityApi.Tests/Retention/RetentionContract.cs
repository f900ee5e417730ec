using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.EntityApi.Retention;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Retention;

/// <summary>Rules by which superseded revisions go, on a server whose rules are applied forty days ahead of the log.</summary>
public abstract class RetentionContract(IStore store) : IAsyncLifetime
{
    private const string Rule = "/api/model/book/1/retention";

    private EntityHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        host = await EntityHost.StartAsync(store, configure: services => services.AddSingleton(s => new RetentionSweep(
            store.Log, store.Retention, s.GetRequiredService<ModelCatalog>(), new RetentionOptions { Grace = TimeSpan.Zero },
            new Ahead(TimeSpan.FromDays(40)))));
        http = host.Client();
        await OkAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/book/1", """{"title":"A","pages":1}""");
        await OkAsync("PUT", "/api/model/book/1/lock");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Rule_IsSetReadAndEnded()
    {
        Assert.Equal("{}", (await OkAsync("GET", Rule)).Body.GetRawText());
        var set = await http.SendJsonAsync("PUT", Rule, """{"keepSupersededDays":30}""", headers: ("Idempotency-Key", "k"));
        Assert.Equal(200, set.Status);
        Assert.Equal("""{"keepSupersededDays":30}""", (await OkAsync("GET", Rule)).Body.GetRawText());
        await OkAsync("DELETE", Rule);
        Assert.Equal(set.Body.GetRawText(), (await http.SendJsonAsync("PUT", Rule, """{"keepSupersededDays":30}""", headers: ("Idempotency-Key", "k"))).Body.GetRawText());
        Assert.Equal("{}", (await OkAsync("GET", Rule)).Body.GetRawText());
        Assert.Equal(404, (await http.SendJsonAsync("PUT", "/api/model/nothing/1/retention", """{"keepSupersededDays":30}""")).Status);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"keepSupersededDays":0}""")]
    [InlineData("""{"keepSupersededDays":36501}""")]
    [InlineData("""{"keepSupersededDays":1.5}""")]
    [InlineData("""{"keepSupersededDays":"30"}""")]
    [InlineData("""{"keepSupersededDays":30,"other":1}""")]
    public async Task Rule_ThatIsNone_IsRefused(string body)
    {
        var refused = await http.SendJsonAsync("PUT", Rule, body);
        Assert.Equal((400, "VALIDATION_FAILED"), (refused.Status, ErrorCode(refused)));
        Assert.Equal("{}", (await OkAsync("GET", Rule)).Body.GetRawText());
    }

    [Fact]
    public async Task Superseded_AreDroppedAndRecorded_AndReadsOfThatPastAreRefused()
    {
        var (id, first) = await CreateAsync();
        await OkAsync("PUT", $"/api/entity/JSON/{id}", """{"title":"B","pages":2}""");
        await OkAsync("PUT", $"/api/entity/JSON/{id}", """{"title":"C","pages":3}""");
        var (gone, _) = await CreateAsync();
        await OkAsync("DELETE", $"/api/entity/{gone}");
        var before = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);
        await DroppedAsync(3);

        Assert.Equal("C", (await OkAsync("GET", $"/api/entity/{id}")).Body.GetProperty("data").GetProperty("title").GetString());
        Assert.Equal(
            "C", (await OkAsync("GET", $"/api/entity/{id}?pointInTime={Uri.EscapeDataString(before)}")).Body.GetProperty("data")
                .GetProperty("title").GetString());
        Assert.Single((await OkAsync("GET", $"/api/entity/{id}/changes")).Body.EnumerateArray());
        Assert.Equal(
            "DELETE", Assert.Single((await OkAsync("GET", $"/api/entity/{gone}/changes")).Body.EnumerateArray()).GetProperty("changeType")
                .GetString());
        Assert.Equal(1, (await OkAsync("GET", "/api/entity/book/1")).Body.GetArrayLength());
        // nothing knows that transaction any more
        Assert.Equal(404, (await http.SendJsonAsync("GET", $"/api/entity/{id}?transactionId={first}")).Status);
        await RefusedAsync(id, Uri.EscapeDataString(before));
        await OkAsync("GET", "/api/entity/book/1?pointInTime=2099-01-01T00:00:00Z");
    }

    [Fact]
    public async Task Drop_IsToldByTheModelsHistory_HorizonFirst()
    {
        var (id, _) = await CreateAsync();
        await OkAsync("PUT", $"/api/entity/JSON/{id}", """{"title":"B","pages":2}""");
        await DroppedAsync(1);
        var history = await store.Log.HistoryAsync(host.Org, StoredModel.IdOf(new ModelKey("book", 1)), null, 10, default);
        var told = history.Take(3).Select(r => JsonElement.Parse(r.Document.Utf8.Span).GetProperty("retention")).ToArray();
        Assert.Equal(1, told[0].GetProperty("droppedRevisions").GetInt64());
        Assert.True(told[1].TryGetProperty("droppedBefore", out _) && !told[1].TryGetProperty("droppedRevisions", out _));
        Assert.False(told[2].TryGetProperty("droppedBefore", out _));
        Assert.Equal(["controller:retention-rules", "controller:retention-rules"], history.Take(2).Select(r => r.ChangedBy));
    }

    [Fact]
    public async Task Horizon_OutlivesTheRuleAndTheModel()
    {
        var (id, _) = await CreateAsync();
        await OkAsync("PUT", $"/api/entity/JSON/{id}", """{"title":"B","pages":2}""");
        await DroppedAsync(1);
        await OkAsync("DELETE", Rule);
        await RefusedListAsync();
        await OkAsync("DELETE", $"/api/entity/{id}");
        await OkAsync("PUT", "/api/model/book/1/unlock");
        await OkAsync("DELETE", "/api/model/book/1");
        await OkAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/book/1", """{"title":"A"}""");
        Assert.False((await OkAsync("GET", Rule)).Body.TryGetProperty("keepSupersededDays", out _));
        await RefusedListAsync();
    }

    [Fact]
    public async Task ExportAndImport_AfterADrop_GivesWhatIsLeft_AndRefusesTheSamePast()
    {
        var (id, _) = await CreateAsync();
        await OkAsync("PUT", $"/api/entity/JSON/{id}", """{"title":"B","pages":2}""");
        await DroppedAsync(1);
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "admin", ["admin"]));
        using var export = new StringContent(await http.GetStringAsync("/api/export"), Encoding.UTF8, "application/x-ndjson");
        export.Headers.ContentType!.CharSet = null;
        using var imported = await other.PostAsync("/api/import", export);
        Assert.True(imported.IsSuccessStatusCode, await imported.Content.ReadAsStringAsync());
        Assert.Equal(await http.GetStringAsync($"/api/entity/{id}/changes"), await other.GetStringAsync($"/api/entity/{id}/changes"));
        Assert.Equal(
            "REVISIONS_DROPPED", ErrorCode(await other.SendJsonAsync("GET", "/api/entity/book/1?pointInTime=2020-01-01T00:00:00Z")));
    }

    /// <summary>As of a moment before the horizon, by every way that tells of many or of what is not there.</summary>
    private async Task RefusedAsync(string id, string time)
    {
        const string All = """{"type":"group","operator":"AND","conditions":[]}""";
        foreach (var (method, path, body) in ((string, string, string?)[])
        [
            ("GET", $"/api/entity/{id}?pointInTime=2001-01-01T00:00:00Z", null),
            ("GET", $"/api/entity/{id}/transitions?pointInTime=2001-01-01T00:00:00Z", null),
            ("GET", $"/api/entity/{id}/changes?pointInTime=2001-01-01T00:00:00Z", null),
            ("GET", $"/api/entity/book/1?pointInTime={time}", null), ("GET", $"/api/entity/book/1?limit=5&pointInTime={time}", null),
            ("POST", $"/api/search/direct/book/1?pointInTime={time}", All), ("POST", $"/api/search/async/book/1?pointInTime={time}", All),
            ("GET", $"/api/entity/stats?pointInTime={time}", null), ("GET", $"/api/entity/stats/book/1?pointInTime={time}", null),
            ("GET", $"/api/entity/stats/states?pointInTime={time}", null),
            ("GET", $"/api/entity/stats/states/book/1?pointInTime={time}", null),
            ("POST", "/api/entity/stats/book/1/query", $$"""{"groupBy":["$.title"],"pointInTime":"{{Uri.UnescapeDataString(time)}}"}"""),
            ("DELETE", $"/api/entity/book/1?pointInTime={time}", null),
        ])
        {
            var refused = await http.SendJsonAsync(method, path, body);
            Assert.True(
                (refused.Status, ErrorCode(refused)) == (410, "REVISIONS_DROPPED"), $"{method} {path}: {refused.Status} {refused.Body}");
        }
    }

    private async Task RefusedListAsync() =>
        Assert.Equal(
            "REVISIONS_DROPPED", ErrorCode(await http.SendJsonAsync("GET", "/api/entity/book/1?pointInTime=2020-01-01T00:00:00Z")));

    /// <summary>Sets the rule and waits until the server has dropped so many.</summary>
    private async Task DroppedAsync(int revisions)
    {
        await OkAsync("PUT", Rule, """{"keepSupersededDays":30}""");
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!(await OkAsync("GET", Rule)).Body.TryGetProperty("droppedRevisions", out var dropped) || dropped.GetInt32() != revisions)
            await Task.Delay(20, timeout.Token);
    }

    private async Task<(string Id, string Transaction)> CreateAsync()
    {
        var created = await OkAsync("POST", "/api/entity/JSON/book/1", """{"title":"A","pages":1}""");
        return (created.Body[0].GetProperty("entityIds")[0].GetString()!, created.Body[0].GetProperty("transactionId").GetString()!);
    }

    private async Task<JsonAnswered> OkAsync(string method, string path, string? body = null)
    {
        var reply = await http.SendJsonAsync(method, path, body);
        Assert.True(reply.Status == 200, $"{method} {path}: {reply.Status} {reply.Body}");
        return reply;
    }

    private static string? ErrorCode(JsonAnswered reply) => reply.Body.TryGetProperty("properties", out var properties)
        ? properties.GetProperty("errorCode").GetString() : null;

    private sealed class Ahead(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}

public sealed class MemoryRetentionTests() : RetentionContract(new MemoryStore());

public sealed class PostgresRetentionTests(TestServer server) : RetentionContract(PostgresDatabase.Reused(server));

using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Feed;

/// <summary>Lists by cursor are stable under writes.</summary>
public abstract class CursorContract(IStore store) : IAsyncLifetime
{
    private const string List = "/api/entity/book/1";

    private EntityHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        host = await EntityHost.StartAsync(store);
        http = host.Client();
        await http.SendJsonAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/book/1", """{"n":1}""");
        await http.SendJsonAsync("PUT", "/api/model/book/1/lock");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Pages_WhileEntitiesComeGoAndChange_TellEachOfTheFirstOnce()
    {
        var ids = await CreateAsync(250);
        var seen = new List<string>();
        for (var path = $"{List}?limit=100"; ;)
        {
            var page = await http.SendJsonAsync("GET", path);
            Assert.Equal(200, page.Status);
            seen.AddRange(
                page.Body.GetProperty("items").EnumerateArray().Select(e => e.GetProperty("meta").GetProperty("id").GetString()!));
            if (!page.Body.TryGetProperty("nextCursor", out var next)) break;
            path = $"{List}?limit=100&cursor={next.GetString()}";
            await http.SendJsonAsync("DELETE", $"/api/entity/{seen[0]}");
            await http.SendJsonAsync("PUT", $"/api/entity/JSON/{seen[^1]}", """{"n":9}""");
        }
        Assert.Equal(ids.Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task Pages_OfAMoment_TellWhatWasThen()
    {
        var ids = await CreateAsync(5);
        var then = (await http.SendJsonAsync("GET", $"/api/entity/{ids[^1]}")).Body.GetProperty("meta")
            .GetProperty("creationDate").GetString();
        await http.SendJsonAsync("DELETE", $"/api/entity/{ids[1]}");
        await CreateAsync(5);
        var first = await http.SendJsonAsync("GET", $"{List}?limit=3&pointInTime={then}");
        var second = await http.SendJsonAsync("GET", $"{List}?limit=3&pointInTime={then}&cursor={first.Text("nextCursor")}");
        Assert.Equal((3, 2), (first.Body.GetProperty("items").GetArrayLength(), second.Body.GetProperty("items").GetArrayLength()));
        Assert.False(second.Body.TryGetProperty("nextCursor", out _));
    }

    [Fact]
    public async Task LastPage_ThatIsFull_HasNoCursor()
    {
        await CreateAsync(4);
        Assert.False((await http.SendJsonAsync("GET", $"{List}?limit=4")).Body.TryGetProperty("nextCursor", out _));
        Assert.True((await http.SendJsonAsync("GET", $"{List}?limit=3")).Body.TryGetProperty("nextCursor", out _));
    }

    [Theory]
    [InlineData("cursor=x")]
    [InlineData("cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("limit=0")]
    [InlineData("limit=10&pageSize=10")]
    public async Task Asked_Wrongly_IsRefused(string query) =>
        Assert.Equal(400, (await http.SendJsonAsync("GET", $"{List}?{query}")).Status);

    [Fact]
    public async Task Cursor_AlteredOrOfAnotherList_IsRefused()
    {
        await CreateAsync(3);
        var cursor = (await http.SendJsonAsync("GET", $"{List}?limit=1")).Text("nextCursor");
        for (var at = 0; at < cursor.Length; at++)
            await RefusedAsync($"{List}?limit=1&cursor={cursor[..at]}{(cursor[at] == 'A' ? 'B' : 'A')}{cursor[(at + 1)..]}");
        await http.SendJsonAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/page/1", """{"n":1}""");
        await RefusedAsync($"/api/entity/page/1?limit=1&cursor={cursor}");
        Assert.Equal(200, (await http.SendJsonAsync("GET", $"{List}?limit=1&cursor={cursor}")).Status);

        async Task RefusedAsync(string path)
        {
            var refused = await http.SendJsonAsync("GET", path);
            Assert.Equal((400, "INVALID_CURSOR"), (refused.Status,
                refused.Body.GetProperty("properties").GetProperty("errorCode").GetString()));
        }
    }

    private async Task<string[]> CreateAsync(int count)
    {
        var created = await http.SendJsonAsync("POST", "/api/entity/JSON/book/1?transactionWindow=1000", $"[{string.Join(',', Enumerable.Range(0, count).Select(n => $$"""{"n":{{n}}}"""))}]");
        Assert.Equal(200, created.Status);
        return [.. created.Body[0].GetProperty("entityIds").EnumerateArray().Select(i => i.GetString()!)];
    }
}

public sealed class MemoryCursorTests() : CursorContract(new MemoryStore());

public sealed class PostgresCursorTests(TestServer server) : CursorContract(PostgresDatabase.Reused(server));

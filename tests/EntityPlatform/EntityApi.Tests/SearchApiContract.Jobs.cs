using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Tests;

/// <summary>Asynchronous searches over HTTP.</summary>
public abstract partial class SearchApiContract
{
    [Fact]
    public async Task Async_LivesItsLife()
    {
        await CreateAsync([.. Enumerable.Range(0, 25).Select(i => $$"""{"n":{{i}},"name":"x"}""")]);
        var job = await SubmitAsync("""{"type":"simple","jsonPath":"$.n","operatorType":"LESS_THAN","value":23}""", "?sort=n:desc");
        var status = await EndedAsync(job);
        Assert.Equal(
            ("SUCCESSFUL", 23), (status.GetProperty("searchJobStatus").GetString(), status.GetProperty("entitiesCount").GetInt32()));
        Assert.True(status.GetProperty("finishTime").GetDateTimeOffset() < status.GetProperty("expirationDate").GetDateTimeOffset());
        await CreateAsync("""{"n":22,"name":"late"}""");
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", "/api/entity/order/1")).Status);

        var pages = new List<int>();
        for (var number = 0; number < 3; number++)
        {
            var page = await http.SendJsonAsync("GET", $"/api/search/async/{job}?pageSize=10&pageNumber={number}");
            Assert.Equal((number, 10, 23, 3), Page(page.Body.GetProperty("page")));
            pages.AddRange(
                page.Body.GetProperty("content").EnumerateArray().Select(e => e.GetProperty("data").GetProperty("n").GetInt32()));
        }
        Assert.Equal(Enumerable.Range(0, 23).Reverse(), pages);
        var cancelled = await http.SendJsonAsync("PUT", $"/api/search/async/{job}/cancel");
        Assert.Equal((400, "SEARCH_JOB_ALREADY_TERMINAL"), (cancelled.Status, ErrorCode(cancelled)));
        Assert.Equal("SUCCESSFUL", cancelled.Body.GetProperty("properties").GetProperty("currentStatus").GetString());
    }

    /// <summary>The same by the paths and in the shapes of the oldest clients.</summary>
    [Fact]
    public async Task Snapshot_OfTheOldestClients_LivesItsLife()
    {
        await CreateAsync("""{"n":1,"name":"x"}""", """{"n":2,"name":"x"}""");
        var submitted = await http.SendJsonAsync("POST", "/api/search/snapshot/order/1", All);
        var job = submitted.Body.GetString();
        await EndedAsync(job!);
        Assert.Equal(
            "SUCCESSFUL", (await http.SendJsonAsync("GET", $"/api/search/snapshot/{job}/status")).Body.GetProperty("snapshotStatus")
                .GetString());
        var page = (await http.SendJsonAsync("GET", $"/api/search/snapshot/{job}?pageSize=1")).Body;
        Assert.Single(page.GetProperty("_embedded").GetProperty("objectNodes").EnumerateArray().ToArray());
        Assert.Equal((0, 1, 2, 2), Page(page.GetProperty("page")));
    }

    [Fact]
    public async Task Async_OfNobodyOrAnother_IsNotFound()
    {
        var job = await SubmitAsync(All);
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "a", ["admin"]));
        foreach (var path in (string[])[$"/api/search/async/{job}", $"/api/search/async/{job}/status"])
        {
            var answer = await other.SendJsonAsync("GET", path);
            Assert.Equal((404, "SEARCH_JOB_NOT_FOUND"), (answer.Status, ErrorCode(answer)));
        }
        Assert.Equal(404, (await other.SendJsonAsync("PUT", $"/api/search/async/{job}/cancel")).Status);
        Assert.Equal(400, (await http.SendJsonAsync("GET", "/api/search/async/x/status")).Status);
        Assert.Equal(404, (await http.SendJsonAsync("POST", "/api/search/async/nothing/1", All)).Status);
    }

    [Fact]
    public async Task Async_Running_IsCancelledAndHasNoResults()
    {
        var running = new SearchJob
        {
            Tenant = host.Org,
            Id = SearchJobId.New(TimeProvider.System),
            Status = SearchJobStatus.Running,
            CreatedAt = TimeProvider.System.GetUtcNow(),
            ExpiresAt = TimeProvider.System.GetUtcNow().AddHours(1),
        };
        Assert.True(await store.SearchJobs.TryAddAsync(running, "another server", 100, default));
        Assert.Equal(400, (await http.SendJsonAsync("GET", $"/api/search/async/{running.Id}")).Status);
        var cancelled = await http.SendJsonAsync("PUT", $"/api/search/async/{running.Id}/cancel");
        Assert.Equal((200, true), (cancelled.Status, cancelled.Body.GetProperty("isCancelled").GetBoolean()));
        Assert.Equal("CANCELLED", (await EndedAsync(running.Id.ToString())).GetProperty("searchJobStatus").GetString());
    }

    [Fact]
    public async Task Async_MoreThanTheOrganizationMayHave_IsRefused()
    {
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < 100; i++)
        {
            var kept = new SearchJob { Tenant = host.Org, Id = SearchJobId.New(TimeProvider.System), Status = SearchJobStatus.Running,
                CreatedAt = now, ExpiresAt = now.AddHours(1) };
            Assert.True(await store.SearchJobs.TryAddAsync(kept, "another server", 100, default));
        }
        var refused = await http.SendJsonAsync("POST", "/api/search/async/order/1", All);
        Assert.Equal((503, "SEARCH_QUEUE_FULL"), (refused.Status, ErrorCode(refused)));
    }

    private static (int, int, int, int) Page(JsonElement page) =>
        (page.GetProperty("number").GetInt32(), page.GetProperty("size").GetInt32(), page.GetProperty("totalElements").GetInt32(),
            page.GetProperty("totalPages").GetInt32());

    private async Task<string> SubmitAsync(string condition, string query = "")
    {
        var submitted = await http.SendJsonAsync("POST", "/api/search/async/order/1" + query, condition);
        Assert.True(submitted.Status == 200, submitted.Body.ToString());
        return submitted.Body.GetString()!;
    }

    private async Task<JsonElement> EndedAsync(string job)
    {
        JsonElement status = default;
        await Wait.UntilAsync(async () =>
        {
            status = (await http.SendJsonAsync("GET", $"/api/search/async/{job}/status")).Body;
            return status.GetProperty("searchJobStatus").GetString() != "RUNNING";
        }, $"the search {job} has ended");
        return status;
    }
}

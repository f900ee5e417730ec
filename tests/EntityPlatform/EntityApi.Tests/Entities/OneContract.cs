using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Entities;

/// <summary>One entity at a time: preconditions, patches, the past, older clients' paths.</summary>
public abstract class OneContract(IStore store) : EntityApiContract(store)
{
    private const string MergePatch = "application/merge-patch+json";

    [Fact]
    public async Task Patch_ByItsRules()
    {
        var (id, transaction) = await CreateAsync();
        var path = $"/api/entity/JSON/{id}";
        Assert.Equal((428, "PRECONDITION_REQUIRED"), Refusal(await Http.SendJsonAsync("PATCH", path, """{"n":2}""", MergePatch)));
        Assert.Equal(
            (501, "NOT_IMPLEMENTED"),
            Refusal(await Http.SendJsonAsync("PATCH", path, "[]", "application/json-patch+json", ("If-Match", "*"))));
        Assert.Equal(
            (415, "UNSUPPORTED_MEDIA_TYPE"), Refusal(await Http.SendJsonAsync("PATCH", path, "{}", "application/json", ("If-Match", "*"))));
        Assert.Equal((415, "UNSUPPORTED_MEDIA_TYPE"),
            Refusal(await Http.SendJsonAsync("PATCH", $"/api/entity/XML/{id}", "{}", MergePatch, ("If-Match", "*"))));
        Assert.Equal((412, "ENTITY_MODIFIED"), Refusal(await Http.SendJsonAsync("PATCH", path, "{}", MergePatch, ("If-Match", NoSuchId))));
        Assert.Equal((400, "BAD_REQUEST"), Refusal(await Http.SendJsonAsync("PATCH", path, "[1]", MergePatch, ("If-Match", "*"))));
        Assert.Equal(200, (await Http.SendJsonAsync("PATCH", path, "{}", MergePatch, ("If-Match", $"\"{transaction}\""))).Status);
        Assert.NotEqual(transaction, (await GetAsync(id)).GetProperty("meta").GetProperty("transactionId").GetString());
        Assert.Equal(200, (await Http.SendJsonAsync("PATCH", path + "/UPDATE", """{"n":2}""", MergePatch, ("If-Match", "*"))).Status);
        Assert.Equal(2, (await GetAsync(id)).GetProperty("data").GetProperty("n").GetInt32());
        Assert.Equal("a", (await GetAsync(id)).GetProperty("data").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Get_ByTimeOrTransaction_NotBoth()
    {
        var (id, first) = await CreateAsync();
        await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", """{"name":"b","n":2}""");
        var then = (await GetAsync(id, $"?transactionId={first}")).GetProperty("meta").GetProperty("lastUpdateTime").GetString();
        var past = await GetAsync(id, $"?pointInTime={then}");
        Assert.Equal("a", past.GetProperty("data").GetProperty("name").GetString());
        Assert.True(past.GetProperty("meta").TryGetProperty("pointInTime", out _));
        Assert.Equal(400, (await Http.SendJsonAsync("GET", $"/api/entity/{id}?pointInTime={then}&transactionId={first}")).Status);
        Assert.Equal(400, (await Http.SendJsonAsync("GET", $"/api/entity/{id}?transactionId=x")).Status);
        Assert.Equal(404, (await Http.SendJsonAsync("GET", $"/api/entity/{id}?transactionId={NoSuchId}")).Status);
        Assert.Equal(404, (await Http.SendJsonAsync("GET", $"/api/entity/{id}?pointInTime=2001-01-01T00:00:00Z")).Status);
    }

    [Fact]
    public async Task Changes_AreAllTold_UntilAPointInTime()
    {
        var (id, _) = await CreateAsync();
        for (var i = 2; i <= 120; i++) await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", $$"""{"name":"a","n":{{i}}}""");
        var changes = (await Http.SendJsonAsync("GET", $"/api/entity/{id}/changes")).Body;
        Assert.Equal(120, changes.GetArrayLength());
        Assert.Equal(["CREATE"], changes.EnumerateArray().Select(c => c.GetProperty("changeType").GetString()).Where(t => t != "UPDATE"));
        Assert.Equal("CREATE", changes[119].GetProperty("changeType").GetString());
        var then = changes[60].GetProperty("timeOfChange").GetString();
        var until = (await Http.SendJsonAsync("GET", $"/api/entity/{id}/changes?pointInTime={then}")).Body;
        Assert.Equal(changes[60].GetProperty("transactionId").GetString(), until[0].GetProperty("transactionId").GetString());
        Assert.Equal(
            (404, "ENTITY_NOT_FOUND"),
            Refusal(await Http.SendJsonAsync("GET", $"/api/entity/{id}/changes?pointInTime=2001-01-01T00:00:00Z")));
        Assert.Equal(404, (await Http.SendJsonAsync("GET", $"/api/entity/{NoSuchId}/changes")).Status);
    }

    [Fact]
    public async Task OlderClients_TakeTransitionsByTheirPaths()
    {
        var (id, _) = await CreateAsync();
        var query = $"entityId={id}&entityClass=com.cyoda.tdb.model.treenode.TreeNodeEntity";
        var names = await Http.SendJsonAsync("GET", $"/api/platform-api/entity/fetch/transitions?{query}");
        Assert.Equal(["DELETE", "UPDATE"], names.Body.EnumerateArray().Select(n => n.GetString()).Order(StringComparer.Ordinal));
        Assert.Equal(200, (await Http.SendJsonAsync("PUT", $"/api/platform-api/entity/transition?{query}&transitionName=UPDATE")).Status);
        Assert.Equal("UPDATE", (await GetAsync(id)).GetProperty("meta").GetProperty("transitionForLatestSave").GetString());
        Assert.Equal(400, (await Http.SendJsonAsync("PUT", $"/api/platform-api/entity/transition?{query}")).Status);
        Assert.Equal(400, (await Http.SendJsonAsync("GET", "/api/platform-api/entity/fetch/transitions?entityClass=item.1")).Status);
        Assert.Equal(
            404, (await Http.SendJsonAsync(
                "GET", $"/api/platform-api/entity/fetch/transitions?entityId={NoSuchId}&entityClass=item.1")).Status);
        Assert.Equal(200, (await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}?transactional=true&waitForConsistencyAfter=true", """{"name":"b","n":1}""")).Status);
    }

    [Fact]
    public async Task Delete_WithAKey_IsAnsweredAgain()
    {
        var (id, _) = await CreateAsync();
        var first = await Http.SendJsonAsync("DELETE", $"/api/entity/{id}", headers: ("Idempotency-Key", "k"));
        var again = await Http.SendJsonAsync("DELETE", $"/api/entity/{id}", headers: ("Idempotency-Key", "k"));
        Assert.Equal((200, first.Body.GetRawText()), (again.Status, again.Body.GetRawText()));
        Assert.Equal(
            ("item", 1),
            (first.Body.GetProperty("modelKey").GetProperty("name").GetString(),
                first.Body.GetProperty("modelKey").GetProperty("version").GetInt32()));
        Assert.Equal(404, (await Http.SendJsonAsync("DELETE", $"/api/entity/{id}")).Status);
    }

    [Fact]
    public async Task Timeout_IsChecked()
    {
        var (id, _) = await CreateAsync();
        foreach (var bad in new[] { "0", "-1", "x", "99999999999" })
            Assert.Equal(400, (await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}?transactionTimeoutMillis={bad}", "{}")).Status);
        Assert.Equal(200, (await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}?transactionTimeoutMillis=10000", """{"name":"b","n":1}""")).Status);
    }
}

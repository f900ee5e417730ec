using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests;

/// <summary>Entities and models in everyday use.</summary>
public abstract class EntityContract(IStore store) : IAsyncLifetime
{
    private const string Book = "/api/entity/JSON/book/1";

    private const string Moderation = """
        {"workflows":[{"version":"1.0","name":"moderation","initialState":"PENDING","active":true,"states":{
          "PENDING":{"transitions":[{"name":"publish","next":"PUBLISHED","manual":true},{"name":"reject","next":"REJECTED","manual":true}]},
          "PUBLISHED":{"transitions":[]},"REJECTED":{"transitions":[]}}}],"importMode":"REPLACE"}
        """;

    private EntityHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        host = await EntityHost.StartAsync(store);
        http = host.Client(await host.TokenAsync(host.Org, "guestbook", ["application"]));
        Assert.Equal(200, (await http.SendJsonAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/book/1", """{"author":"Ada","text":"Hello","stars":5}""")).Status);
        Assert.Equal(200, (await http.SendJsonAsync("POST", "/api/model/book/1/workflow/import", Moderation)).Status);
        Assert.Equal(200, (await http.SendJsonAsync("PUT", "/api/model/book/1/lock")).Status);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Model_IsListedExportedAndKept()
    {
        var models = await http.SendJsonAsync("GET", "/api/model/");
        Assert.Equal(
            ("book", "LOCKED"),
            (models.Body[0].GetProperty("modelName").GetString(), models.Body[0].GetProperty("currentState").GetString()));
        var view = await http.SendJsonAsync("GET", "/api/model/export/SIMPLE_VIEW/book/1");
        Assert.Equal("STRING", view.Body.GetProperty("model").GetProperty("$").GetProperty(".author").GetString());
        Assert.Equal(
            "moderation", (await http.SendJsonAsync("GET", "/api/model/book/1/workflow/export")).Body.GetProperty("workflows")[0]
                .GetProperty("name").GetString());
        await CreateAsync("Ada");
        var unlock = await http.SendJsonAsync("PUT", "/api/model/book/1/unlock");
        Assert.Equal((409, "MODEL_HAS_ENTITIES"), (unlock.Status, ErrorCode(unlock)));
        Assert.StartsWith("MODEL_HAS_ENTITIES: ", unlock.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entity_LivesItsLife()
    {
        var (id, first) = await CreateAsync("Ada");
        var read = await http.SendJsonAsync("GET", $"/api/entity/{id}");
        Assert.Equal("ENTITY", read.Text("type"));
        Assert.Equal("PENDING", read.Body.GetProperty("meta").GetProperty("state").GetString());
        Assert.Equal("""["publish","reject"]""", (await http.SendJsonAsync("GET", $"/api/entity/{id}/transitions")).Body.GetRawText());
        var second = await http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}/publish", """{"author":"Ada","text":"Bye","stars":4}""", headers: ("If-Match", first));
        Assert.Equal(200, second.Status);
        Assert.Equal(
            "PUBLISHED", (await http.SendJsonAsync("GET", $"/api/entity/{id}")).Body.GetProperty("meta").GetProperty("state").GetString());
        Assert.Equal(
            "Hello", (await http.SendJsonAsync("GET", $"/api/entity/{id}?transactionId={first}")).Body.GetProperty("data")
                .GetProperty("text").GetString());
        var late = await http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", """{"author":"Eve"}""", headers: ("If-Match", first));
        Assert.Equal((412, "ENTITY_MODIFIED"), (late.Status, ErrorCode(late)));
        Assert.Equal(400, (await http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}/nowhere", "{}")).Status);
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", $"/api/entity/{id}")).Status);
        Assert.Equal(
            (404, "ENTITY_NOT_FOUND"),
            ((await http.SendJsonAsync("GET", $"/api/entity/{id}")).Status,
                ErrorCode(await http.SendJsonAsync("GET", $"/api/entity/{id}"))));
        var changes = await http.SendJsonAsync("GET", $"/api/entity/{id}/changes");
        Assert.Equal(["DELETE", "UPDATE", "CREATE"], changes.Body.EnumerateArray().Select(c => c.GetProperty("changeType").GetString()));
        var audit = await http.SendJsonAsync("GET", $"/api/audit/entity/{id}");
        Assert.Contains(audit.Body.GetProperty("items").EnumerateArray(),
            e => e.TryGetProperty("eventType", out var type) && type.GetString() == "TRANSITION_MAKE");
        Assert.DoesNotContain("REQUEST", audit.Body.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patch_NeedsIfMatchAndMerges()
    {
        var (id, first) = await CreateAsync("Ada");
        var without = await http.SendJsonAsync("PATCH", $"/api/entity/JSON/{id}", """{"stars":1}""", "application/merge-patch+json");
        Assert.Equal((428, "PRECONDITION_REQUIRED"), (without.Status, ErrorCode(without)));
        Assert.Equal(200, (await http.SendJsonAsync("PATCH", $"/api/entity/JSON/{id}", """{"stars":1,"text":null}""", "application/merge-patch+json", ("If-Match", first))).Status);
        var patched = (await http.SendJsonAsync("GET", $"/api/entity/{id}")).Body.GetProperty("data");
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse("""{"author":"Ada","stars":1}"""), patched), patched.GetRawText());
    }

    [Fact]
    public async Task Many_AreCreatedListedSearchedDeleted()
    {
        var body = $"[{string.Join(',', Enumerable.Range(1, 25).Select(i => $$"""{"author":"A{{i}}","text":"t","stars":{{i}}}"""))}]";
        var created = await http.SendJsonAsync("POST", $"{Book}?transactionWindow=10", body);
        Assert.Equal([10, 10, 5], created.Body.EnumerateArray().Select(t => t.GetProperty("entityIds").GetArrayLength()));
        Assert.Equal(20, (await http.SendJsonAsync("GET", "/api/entity/book/1")).Body.GetArrayLength());
        Assert.Equal(5, (await http.SendJsonAsync("GET", "/api/entity/book/1?pageSize=10&pageNumber=2")).Body.GetArrayLength());
        const string High = """{"type":"simple","jsonPath":"$.stars","operatorType":"GREATER_THAN","value":20}""";
        Assert.Equal(5, (await LinesAsync("/api/search/direct/book/1", High)).Length);
        var limited = await http.SendJsonAsync("POST", "/api/search/direct/book/1?limit=4", High);
        Assert.Equal((400, "SEARCH_RESULT_LIMIT"), (limited.Status, ErrorCode(limited)));
        var deleted = await http.SendJsonAsync("DELETE", "/api/entity/book/1?transactionSize=2", High);
        Assert.Equal(5, deleted.Body.GetProperty("deleteResult").GetProperty("numberOfEntititesRemoved").GetInt32());
        Assert.Equal(20, (await http.SendJsonAsync("GET", "/api/entity/book/1?pageSize=100")).Body.GetArrayLength());
    }

    [Fact]
    public async Task Create_WithAKey_TakesEffectOnce()
    {
        var body = """[{"author":"A"},{"author":"B"}]""";
        var first = await http.SendJsonAsync("POST", Book, body, headers: ("Idempotency-Key", "k"));
        var again = await http.SendJsonAsync("POST", Book, body, headers: ("Idempotency-Key", "k"));
        Assert.Equal(first.Body.GetRawText(), again.Body.GetRawText());
        Assert.Equal(2, (await http.SendJsonAsync("GET", "/api/entity/book/1")).Body.GetArrayLength());
    }

    [Fact]
    public async Task PlatformsOwnResources_DoNotExistHere()
    {
        using var admin = host.Client();
        var project = await admin.SendJsonAsync("GET", "/api/v1/projects/web");
        Assert.True(Core.IdText.TryParse("prj", project.Text("id"), out var id));
        foreach (var (method, path) in ((string, string)[])[("GET", $"/api/entity/{id}"), ("GET", $"/api/entity/{id}/changes"),
            ("DELETE", $"/api/entity/{id}"), ("GET", $"/api/audit/entity/{id}"), ("GET", "/api/entity/strata.project/1")])
            Assert.Equal(404, (await admin.SendJsonAsync(method, path)).Status);
        Assert.Equal(404, (await admin.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", "{}")).Status);
        Assert.Equal(404, (await admin.SendJsonAsync("POST", "/api/entity/JSON/strata.token/1", "{}")).Status);
        Assert.Equal(404, (await admin.SendJsonAsync("PUT", "/api/model/strata.token/1/lock")).Status);
    }

    [Fact]
    public async Task AnotherOrganization_SeesNothing()
    {
        var (id, _) = await CreateAsync("Ada");
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "a", ["admin"]));
        Assert.Equal(404, (await other.SendJsonAsync("GET", $"/api/entity/{id}")).Status);
        Assert.Equal(404, (await other.SendJsonAsync("DELETE", $"/api/entity/{id}")).Status);
        Assert.Equal(404, (await other.SendJsonAsync("GET", "/api/entity/book/1")).Status);
    }

    private async Task<(string Id, string Transaction)> CreateAsync(string author)
    {
        var created = await http.SendJsonAsync("POST", Book, $$"""{"author":"{{author}}","text":"Hello","stars":5}""");
        Assert.True(created.Status == 200, created.Body.ToString());
        return (created.Body[0].GetProperty("entityIds")[0].GetString()!, created.Body[0].GetProperty("transactionId").GetString()!);
    }

    private async Task<JsonElement[]> LinesAsync(string path, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(path, content);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        return [.. (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonElement.Parse(l))];
    }

    private static string? ErrorCode(JsonAnswered answer) => answer.Body.GetProperty("properties").GetProperty("errorCode").GetString();
}

using System.Text;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Migration;

/// <summary>Entities move from one version of a model to another.</summary>
public abstract class MigrationContract(IStore store) : IAsyncLifetime
{
    private const string Rules = """
        [{"rename":{"from":"$.author","to":"$.writer.name"}},{"default":{"path":"$.writer.country","value":"GB"}},{"drop":"$.old"},{"default":{"path":"$.writer.name","value":"unknown"}}]
        """;

    private EntityHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        host = await EntityHost.StartAsync(store);
        http = host.Client();
        await DefineAsync(1, """{"author":"Ada","old":1,"price":0.10}""");
        await DefineAsync(2, """{"writer":{"name":"Ada","country":"GB"},"price":0.10}""");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Migrate_MovesEachEntityWithItsStateAndHistory()
    {
        var ids = await CreateAsync(Enumerable.Range(0, 25).Select(i => $$"""{"author":"A{{i}}","old":{{i}},"price":1.50}"""));
        var dry = await MigrateAsync($$"""{"to":2,"rules":{{Rules}},"dryRun":true,"transactionSize":10}""");
        Assert.Equal((25, 25, 0), Counts(dry[^1]));
        Assert.Equal(25, await CountAsync(1));

        var lines = await MigrateAsync($$"""{"to":2,"rules":{{Rules}},"transactionSize":10}""");
        Assert.Equal([10, 20, 25], lines[..^1].Select(l => l.GetProperty("moved").GetInt32()));
        Assert.Equal((25, 25, 0), Counts(lines[^1]));
        Assert.Equal((0, 25), (await CountAsync(1), await CountAsync(2)));
        var moved = await http.SendJsonAsync("GET", $"/api/entity/{ids[3]}");
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse("""{"price":1.50,"writer":{"name":"A3","country":"GB"}}"""), moved.Body.GetProperty("data")), moved.Body.ToString());
        Assert.Equal(
            ("CREATED", "migrate"),
            (moved.Body.GetProperty("meta").GetProperty("state").GetString(),
                moved.Body.GetProperty("meta").GetProperty("transitionForLatestSave").GetString()));
        Assert.Equal(2, (await http.SendJsonAsync("GET", $"/api/entity/{ids[3]}/changes")).Body.GetArrayLength());
        Assert.Equal((0, 0, 0), Counts((await MigrateAsync($$"""{"to":2,"rules":{{Rules}}}"""))[^1]));
    }

    [Fact]
    public async Task Migrate_WhatDoesNotFit_StaysAndIsTold()
    {
        await CreateAsync(["""{"author":"A","price":1.50}""", """{"author":"B","old":1,"price":1.50}"""]);
        var lines = await MigrateAsync("""{"to":2,"rules":[{"move":{"from":"$.author","to":"$.writer.name"}}]}""");
        Assert.Equal((2, 1, 1), Counts(lines[^1]));
        Assert.Equal(
            "VALIDATION_FAILED", Assert.Single(lines[^1].GetProperty("failures").EnumerateArray()).GetProperty("code").GetString());
        Assert.Equal((1, 1), (await CountAsync(1), await CountAsync(2)));
        Assert.Equal((1, 1, 0), Counts((await MigrateAsync($$"""{"to":2,"rules":{{Rules}}}"""))[^1])); // goes on with those that are left
    }

    [Theory]
    [InlineData("""{}""", 400)]
    [InlineData("""{"to":1}""", 400)]
    [InlineData("""{"to":9}""", 404)]
    [InlineData("""{"to":2,"rules":[{"drop":"x"}]}""", 400)]
    [InlineData("""{"to":2,"rules":[{"drop":"$.a[0]"}]}""", 400)]
    [InlineData("""{"to":2,"rules":[{"move":{"from":"$.a"}}]}""", 400)]
    [InlineData("""{"to":2,"more":1}""", 400)]
    public async Task Migrate_AskedWrongly_IsRefused(string body, int status) =>
        Assert.Equal(status, (await http.SendJsonAsync("POST", "/api/model/book/1/migrate", body)).Status);

    private async Task DefineAsync(int version, string sample)
    {
        Assert.Equal(200, (await http.SendJsonAsync("POST", $"/api/model/import/JSON/SAMPLE_DATA/book/{version}", sample)).Status);
        Assert.Equal(200, (await http.SendJsonAsync("PUT", $"/api/model/book/{version}/lock")).Status);
    }

    private async Task<string[]> CreateAsync(IEnumerable<string> documents)
    {
        var created = await http.SendJsonAsync("POST", "/api/entity/JSON/book/1", $"[{string.Join(',', documents)}]");
        Assert.True(created.Status == 200, created.Body.ToString());
        return [.. created.Body[0].GetProperty("entityIds").EnumerateArray().Select(i => i.GetString()!)];
    }

    private async Task<int> CountAsync(int version) =>
        (await http.SendJsonAsync("GET", $"/api/entity/book/{version}?pageSize=100")).Body.GetArrayLength();

    private async Task<JsonElement[]> MigrateAsync(string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.PostAsync("/api/model/book/1/migrate", content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonElement.Parse(l))];
    }

    private static (int, int, int) Counts(JsonElement line) =>
        (line.GetProperty("seen").GetInt32(), line.GetProperty("moved").GetInt32(), line.GetProperty("failed").GetInt32());
}

public sealed class MemoryMigrationTests() : MigrationContract(new MemoryStore());

public sealed class PostgresMigrationTests(TestServer server) : MigrationContract(PostgresDatabase.Reused(server));

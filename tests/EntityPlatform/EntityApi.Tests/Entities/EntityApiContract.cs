using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Entities;

/// <summary>A host with one locked model <c>item.1</c> {name, n} over one store.</summary>
public abstract class EntityApiContract(IStore store) : IAsyncLifetime
{
    protected const string Items = "/api/entity/JSON/item/1";

    protected static readonly string NoSuchId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString();

    protected virtual EntityApiLimits Limits => EntityApiLimits.Default;

    protected EntityHost Host { get; private set; } = null!;

    protected HttpClient Http { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        Host = await EntityHost.StartAsync(store, limits: Limits);
        Http = Host.Client(await Host.TokenAsync(Host.Org, "app", ["application"]));
        await DefineAsync("item", """{"name":"a","n":1}""");
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task DefineAsync(string model, string sample)
    {
        Assert.Equal(200, (await Http.SendJsonAsync("POST", $"/api/model/import/JSON/SAMPLE_DATA/{model}/1", sample)).Status);
        Assert.Equal(200, (await Http.SendJsonAsync("PUT", $"/api/model/{model}/1/lock")).Status);
    }

    protected async Task<(string Id, string Transaction)> CreateAsync(string body = """{"name":"a","n":1}""")
    {
        var created = await Http.SendJsonAsync("POST", Items, body);
        Assert.True(created.Status == 200, created.Body.ToString());
        return (created.Body[0].GetProperty("entityIds")[0].GetString()!, created.Body[0].GetProperty("transactionId").GetString()!);
    }

    protected async Task<JsonElement> GetAsync(string id, string query = "")
    {
        var found = await Http.SendJsonAsync("GET", $"/api/entity/{id}{query}");
        Assert.True(found.Status == 200, found.Body.ToString());
        return found.Body;
    }

    protected async Task<int> CountAsync(string model = "item") =>
        (await Http.SendJsonAsync("GET", $"/api/entity/{model}/1?pageSize=10000")).Body.GetArrayLength();

    protected static string Array(IEnumerable<string> items) => $"[{string.Join(',', items)}]";

    protected static string Quoted(string text) => JsonSerializer.Serialize(text);

    protected static (int Status, string? Code) Refusal(JsonAnswered answer) =>
        (answer.Status, answer.Body.GetProperty("properties").GetProperty("errorCode").GetString());
}

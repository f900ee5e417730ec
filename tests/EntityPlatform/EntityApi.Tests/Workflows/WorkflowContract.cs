using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Entities.Workflows;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Workflows;

/// <summary>A model "order" whose workflows each test imports.</summary>
public abstract class WorkflowContract(IStore store) : IAsyncLifetime
{
    protected EntityHost Host { get; private set; } = null!;

    protected HttpClient Http { get; private set; } = null!;

    /// <summary>Who executes processors; null: no one.</summary>
    protected virtual IComputation? Computation => null;

    protected Task<EntityHost> StartHostAsync() => EntityHost.StartAsync(store, more: HostedModule.None with { Computation = Computation });

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        Host = await StartHostAsync();
        Http = Host.Client(await Host.TokenAsync(Host.Org, "orders", ["application"]));
        Assert.Equal(200, (await Http.SendJsonAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/order/1", """{"amount":1,"note":"n","paid":true}""")).Status);
        Assert.Equal(200, (await Http.SendJsonAsync("PUT", "/api/model/order/1/lock")).Status);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected Task<JsonAnswered> ImportAsync(string body) => Http.SendJsonAsync("POST", "/api/model/order/1/workflow/import", body);

    /// <summary>Imports one workflow with these states, the first of which is A.</summary>
    protected async Task GivenAsync(string states)
    {
        var answer = await ImportAsync($$"""{"workflows":[{"version":"1.5","name":"w","initialState":"A","active":true,"states":{{states}}}],"importMode":"REPLACE"}""");
        Assert.True(answer.Status == 200, answer.Body.ToString());
    }

    protected async Task<(string Id, string Transaction)> CreateAsync(string document = """{"amount":1}""")
    {
        var created = await Http.SendJsonAsync("POST", "/api/entity/JSON/order/1", document);
        Assert.True(created.Status == 200, created.Body.ToString());
        return (created.Body[0].GetProperty("entityIds")[0].GetString()!, created.Body[0].GetProperty("transactionId").GetString()!);
    }

    protected Task<JsonAnswered> TakeAsync(string id, string transition, string document = """{"amount":1}""") => Http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}/{transition}", document);

    protected async Task<string?> StateAsync(string id) =>
        (await Http.SendJsonAsync("GET", $"/api/entity/{id}")).Body.GetProperty("meta").GetProperty("state").GetString();

    protected async Task<JsonElement[]> AuditAsync(string id, string query = "")
    {
        var answer = await Http.SendJsonAsync("GET", $"/api/audit/entity/{id}?limit=1000{query}");
        Assert.True(answer.Status == 200, answer.Body.ToString());
        return [.. answer.Body.GetProperty("items").EnumerateArray()];
    }

    protected static string? ErrorCode(JsonAnswered answer) => answer.Body.GetProperty("properties").GetProperty("errorCode").GetString();
}

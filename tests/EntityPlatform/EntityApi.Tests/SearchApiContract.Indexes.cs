using System.Text.Json;
using Strata.Api.Tests.Hosting;

namespace Strata.EntityApi.Tests;

/// <summary>Declared indexes over HTTP.</summary>
public abstract partial class SearchApiContract
{
    private const string Indexes = "/api/model/order/1/indexes";

    [Fact]
    public async Task Indexes_AreDeclaredBuiltExplainedAndDropped()
    {
        await CreateAsync([.. Enumerable.Range(0, 900).Select(i => $$"""{"n":{{i}},"name":"n{{i}}"}""")]);
        var declared = await http.SendJsonAsync("PUT", Indexes, """{"paths":["$.n","$.name","$['n']"]}""");
        Assert.Equal((200, 2), (declared.Status, declared.Body.GetProperty("indexes").GetArrayLength()));
        await AllReadyAsync();
        const string Seven = """{"type":"simple","jsonPath":"$.name","operatorType":"EQUALS","value":"n7"}""";
        var plan = await http.SendJsonAsync("POST", "/api/model/order/1/explain", Seven);
        Assert.Equal(200, plan.Status);
        Assert.Equal(store is Storage.Tests.Contract.PostgresDatabase ? """["$.name"]""" : "[]", plan.Body.GetProperty("indexes").GetRawText());
        Assert.Single(await LinesAsync(Direct, Seven));
        await http.SendJsonAsync("PUT", Indexes, """{"paths":[]}""");
        await AllReadyAsync(count: 0);
    }

    [Fact]
    public async Task Indexes_Bad_AreRefused()
    {
        string[] bad = ["""{"paths":["$.lines[*].sku"]}""", """{"paths":["$.tags[0]"]}""", """{"paths":["$.lines"]}""", """{"paths":["$"]}""", """{"paths":["$.nowhere"]}""", """{"paths":[1]}""", "{}", "[]", """{"paths":[],"more":1}"""];
        foreach (var body in bad) Assert.True((await http.SendJsonAsync("PUT", Indexes, body)).Status == 400, body);
        Assert.Equal(404, (await http.SendJsonAsync("PUT", "/api/model/nothing/1/indexes", """{"paths":[]}""")).Status);
        Assert.Equal(400, (await http.SendJsonAsync("POST", "/api/model/order/1/explain", "{}")).Status);
        Assert.Equal("[]", (await http.SendJsonAsync("GET", Indexes)).Body.GetProperty("indexes").GetRawText());
    }

    private async Task AllReadyAsync(int count = 2)
    {
        await Wait.UntilAsync(async () =>
        {
            var indexes = (await http.SendJsonAsync("GET", Indexes)).Body.GetProperty("indexes");
            var states = indexes.EnumerateArray().Select(i => i.GetProperty("state").GetString()).ToList();
            return states.Count == count && states.TrueForAll(s => s == "READY");
        }, "the indexes are built");
    }
}

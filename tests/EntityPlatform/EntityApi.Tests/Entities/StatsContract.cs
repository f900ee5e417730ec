using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Entities;

/// <summary>Counts by model and state, and grouped statistics with every code that they refuse by.</summary>
public abstract class StatsContract(IStore store) : EntityApiContract(store)
{
    private const string Query = "/api/entity/stats/item/1/query";

    protected override EntityApiLimits Limits => new() { StatsGroupsMax = 100 };

    [Fact]
    public async Task Stats_CountModelsAndStates_NowAndThen()
    {
        await DefineAsync("empty", """{"x":1}""");
        var (a, _) = await CreateAsync();
        await CreateAsync();
        var then = (await GetAsync(a)).GetProperty("meta").GetProperty("creationDate").GetString();
        Assert.Equal(200, (await Http.SendJsonAsync("DELETE", $"/api/entity/{a}")).Status);

        Assert.Equal("""[{"modelName":"empty","modelVersion":1,"count":0},{"modelName":"item","modelVersion":1,"count":1}]""", await RawAsync("/api/entity/stats"));
        Assert.Equal("""[{"modelName":"item","modelVersion":1,"count":1}]""", await RawAsync($"/api/entity/stats?pointInTime={then}"));
        Assert.Equal("""{"modelName":"item","modelVersion":1,"count":1}""", await RawAsync("/api/entity/stats/item/1"));
        Assert.Equal("""[{"modelName":"item","modelVersion":1,"state":"CREATED","count":1}]""", await RawAsync("/api/entity/stats/states"));
        Assert.Equal("""[{"modelName":"item","modelVersion":1,"state":"CREATED","count":1}]""", await RawAsync("/api/entity/stats/states/item/1?states=CREATED,NEW&states=X"));
        Assert.Equal("[]", await RawAsync("/api/entity/stats/states/item/1?states=NEW"));
        Assert.Equal((404, "MODEL_NOT_FOUND"), Refusal(await Http.SendJsonAsync("GET", "/api/entity/stats/none/1")));
        Assert.Equal((404, "MODEL_NOT_FOUND"), Refusal(await Http.SendJsonAsync("GET", "/api/entity/stats/states/none/1")));
        Assert.Equal(
            400, (await Http.SendJsonAsync(
                "GET", "/api/entity/stats/states?states=" + string.Join(',', Enumerable.Range(0, 1001)))).Status);
    }

    [Fact]
    public async Task Query_GroupsAndAddsUp()
    {
        await DefineAsync("sale", """{"country":"AT","amount":1.5,"note":"x"}""");
        string[] sales =
        [
            """{"country":"AT","amount":0.1,"note":"b"}""", """{"country":"AT","amount":0.2,"note":"a"}""", """{"country":"DE","amount":3.5,"note":"x"}""",
            """{"country":null,"amount":4.5,"note":"x"}""",
        ];
        Assert.Equal(200, (await Http.SendJsonAsync("POST", "/api/entity/JSON/sale/1", Array(sales))).Status);
        var answer = await QueryAsync("/api/entity/stats/sale/1/query", """
            {"groupBy":["$.country","state"],"aggregations":[{"op":"sum","field":"$.amount","as":"total"},{"op":"avg","field":"$.amount"},
             {"op":"min","field":"$.note"},{"op":"max","field":"$.amount"},{"op":"stdev","field":"$.amount"},{"op":"sum","field":"$.note"}]}
            """);
        Assert.Equal(
            """
            [{"groupKey":[{"path":"$.country","value":"AT"},{"path":"state","value":"CREATED"}],"count":2,"aggregations":{"total":0.3,"avg_amount":0.15,"min_note":"a","max_amount":0.2,"stdev_amount":0.0707106781186547524400844362104849,"sum_note":null}},
            {"groupKey":[{"path":"$.country","value":null},{"path":"state","value":"CREATED"}],"count":1,"aggregations":{"total":4.5,"avg_amount":4.5,"min_note":"x","max_amount":4.5,"stdev_amount":null,"sum_note":null}},
            {"groupKey":[{"path":"$.country","value":"DE"},{"path":"state","value":"CREATED"}],"count":1,"aggregations":{"total":3.5,"avg_amount":3.5,"min_note":"x","max_amount":3.5,"stdev_amount":null,"sum_note":null}}]
            """.ReplaceLineEndings(""),
            answer.GetRawText());
    }

    [Fact]
    public async Task Query_ByConditionLimitAndTime()
    {
        foreach (var n in new[] { 1, 1, 2, 3 }) await CreateAsync($$"""{"name":"a","n":{{n}}}""");
        var some = await QueryAsync(Query, """{"groupBy":["$.n"],"limit":1,"condition":{"type":"simple","jsonPath":"$.n","operatorType":"LESS_THAN","value":3}}""");
        Assert.Equal("""[{"groupKey":[{"path":"$.n","value":1}],"count":2}]""", some.GetRawText());
        Assert.Equal("[]", (await QueryAsync(Query, """{"groupBy":["$.n"],"pointInTime":"2001-01-01T00:00:00Z"}""")).GetRawText());
    }

    [Theory]
    [InlineData("{", "MALFORMED_REQUEST")]
    [InlineData("[]", "MALFORMED_REQUEST")]
    [InlineData("""{"groupBy":"state"}""", "MALFORMED_REQUEST")]
    [InlineData("""{"groupBy":[1]}""", "MALFORMED_REQUEST")]
    [InlineData("{}", "MISSING_GROUP_BY")]
    [InlineData("""{"groupBy":[]}""", "MISSING_GROUP_BY")]
    [InlineData("""{"groupBy":[""]}""", "INVALID_GROUP_BY_PATH")]
    [InlineData("""{"groupBy":["$.a[*]"]}""", "INVALID_GROUP_BY_PATH")]
    [InlineData("""{"groupBy":["$.a[0]"]}""", "INVALID_GROUP_BY_PATH")]
    [InlineData("""{"groupBy":["$.a","$['a']"]}""", "DUPLICATE_GROUP_BY")]
    [InlineData("""{"groupBy":["state","state"]}""", "DUPLICATE_GROUP_BY")]
    [InlineData("""{"groupBy":["$.none"]}""", "INVALID_GROUP_BY_PATH")]
    [InlineData("""{"groupBy":["state"],"aggregations":[{"op":"sum","field":"$.none"}]}""", "INVALID_AGGREGATION_FIELD")]
    [InlineData("""{"groupBy":["state"],"aggregations":[{"op":"median","field":"$.n"}]}""", "INVALID_AGGREGATION_OP")]
    [InlineData("""{"groupBy":["state"],"aggregations":[{"op":"sum"}]}""", "INVALID_AGGREGATION_FIELD")]
    [InlineData("""{"groupBy":["state"],"aggregations":[{"op":"sum","field":"$.a[*].b"}]}""", "INVALID_AGGREGATION_FIELD")]
    [InlineData("""{"groupBy":["state"],"aggregations":[{"op":"sum","field":"state"}]}""", "INVALID_AGGREGATION_FIELD")]
    [InlineData("""{"groupBy":["state"],"aggregations":[{"op":"sum","field":"$.n","as":"x"},{"op":"min","field":"$.n","as":"x"}]}""", "DUPLICATE_AGGREGATION_ALIAS")]
    [InlineData("""{"groupBy":["state"],"condition":{"type":"simple","jsonPath":"$.n","operatorType":"SIMILAR","value":1}}""", "INVALID_OPERATOR")]
    [InlineData("""{"groupBy":["state"],"condition":{"type":"nonsense"}}""", "INVALID_CONDITION")]
    [InlineData("""{"groupBy":["state"],"condition":{"type":"simple","jsonPath":"$.none","operatorType":"EQUALS","value":1}}""", "INVALID_FIELD_PATH")]
    [InlineData("""{"groupBy":["state"],"condition":{"type":"simple","jsonPath":"$.n","operatorType":"EQUALS","value":"x"}}""", "CONDITION_TYPE_MISMATCH")]
    [InlineData("""{"groupBy":["state"],"pointInTime":"yesterday"}""", "INVALID_POINT_IN_TIME")]
    [InlineData("""{"groupBy":["state"],"pointInTime":5}""", "INVALID_POINT_IN_TIME")]
    [InlineData("""{"groupBy":["state"],"limit":0}""", "INVALID_LIMIT")]
    [InlineData("""{"groupBy":["state"],"limit":101}""", "INVALID_LIMIT")]
    [InlineData("""{"groupBy":["state"],"limit":"5"}""", "INVALID_LIMIT")]
    public async Task Query_Faulty_SaysWhichByItsCode(string body, string code) =>
        Assert.Equal((400, code), Refusal(await Http.SendJsonAsync("POST", Query, body)));

    [Fact]
    public async Task Query_TooManyGroups_IsRefused()
    {
        var body = Array(Enumerable.Range(1, 101).Select(i => $$"""{"name":"a","n":{{i}}}"""));
        Assert.Equal(200, (await Http.SendJsonAsync("POST", Items, body)).Status);
        Assert.Equal((422, "GROUP_CARDINALITY_EXCEEDED"), Refusal(await Http.SendJsonAsync("POST", Query, """{"groupBy":["$.n"],"limit":5}""")));
        Assert.Equal((404, "MODEL_NOT_FOUND"), Refusal(await Http.SendJsonAsync("POST", "/api/entity/stats/none/1/query", """{"groupBy":["state"]}""")));
    }

    private async Task<JsonElement> QueryAsync(string path, string body)
    {
        var answer = await Http.SendJsonAsync("POST", path, body);
        Assert.True(answer.Status == 200, answer.Body.ToString());
        return answer.Body;
    }

    private async Task<string> RawAsync(string path) => (await Http.SendJsonAsync("GET", path)).Body.GetRawText();
}

using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests;

/// <summary>Search over HTTP.</summary>
public abstract partial class SearchApiContract(IStore store) : IAsyncLifetime
{
    private const string Direct = "/api/search/direct/order/1";
    private const string All = """{"type":"group","operator":"AND","conditions":[]}""";

    private static readonly (string Condition, int Count)[] ConditionsAndCounts =
    [
        ("""{"type":"simple","jsonPath":"$.n","operatorType":"EQUALS","value":"3"}""", 1),
        ("""{"type":"simple","jsonPath":"$.n","operatorType":"NOT_EQUAL","value":12.5}""", 2),
        ("""{"type":"simple","jsonPath":"$.name","operatorType":"EQUALS","value":7}""", 1),
        ("""{"type":"simple","jsonPath":"$.any","operatorType":"EQUALS","value":"5"}""", 2),
        ("""{"type":"simple","jsonPath":"$.any","operatorType":"IN_SET","value":["5",6,"six"]}""", 2),
        ("""{"type":"simple","jsonPath":"$.big","operatorType":"EQUALS","value":12345678901234567890123456789}""", 1),
        ("""{"type":"simple","jsonPath":"$.big","operatorType":"EQUALS","value":"12345678901234567890123456788"}""", 0),
        ("""{"type":"simple","jsonPath":"$.vip","operation":"EQUALS","value":"true"}""", 1),
        ("""{"type":"simple","jsonPath":"$.lines[*].sku","operator":"IEQUALS","value":"X"}""", 1),
        ("""{"type":"simple","jsonPath":"$.lines","operatorType":"NOT_NULL"}""", 1),
        ("""{"type":"array","jsonPath":"$.tags","values":[null,"b"]}""", 1),
        ("""{"type":"lifecycle","field":"previousTransition","operatorType":"IS_NULL"}""", 2),
        ("""{"type":"lifecycle","field":"creationDate","operatorType":"GREATER_THAN","value":"2020"}""", 2),
    ];

    private static readonly (string Query, string Condition, string Code)[] Bad =
    [
        ("", """{"type":"simple","jsonPath":"$.nowhere","operatorType":"EQUALS","value":1}""", "INVALID_FIELD_PATH"),
        ("", """{"type":"simple","jsonPath":"$.lines","operatorType":"EQUALS","value":1}""", "INVALID_FIELD_PATH"),
        ("", """{"type":"simple","jsonPath":"$.n","operatorType":"EQUALS","value":"three"}""", "CONDITION_TYPE_MISMATCH"),
        ("", """{"type":"simple","jsonPath":"$.n","operatorType":"STARTS_WITH","value":"3"}""", "CONDITION_TYPE_MISMATCH"),
        ("", """{"type":"simple","jsonPath":"$.name","operatorType":"MATCHES_PATTERN","value":"("}""", "INVALID_CONDITION"),
        ("", """{"type":"function","function":{"name":"f"}}""", "INVALID_CONDITION"),
        ("?sort=nowhere", All, "INVALID_FIELD_PATH"),
        ("?sort=lines", All, "INVALID_FIELD_PATH"),
        ("?sort=tags[*]", All, "INVALID_FIELD_PATH"),
        ("?sort=@mood", All, "INVALID_FIELD_PATH"),
        ("?sort=", All, "INVALID_FIELD_PATH"),
        ("?sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n&sort=n", All,
            "INVALID_FIELD_PATH"),
        ("?sort=-n", All, "INVALID_FIELD_PATH"),
        ("?sort=n,name", All, "INVALID_FIELD_PATH"),
        ("?first=0", All, "INVALID_QUERY"),
        ("?first=10001", All, "INVALID_QUERY"),
        ("?first=1&limit=1", All, "INVALID_QUERY"),
        ("?after=00000000-0000-7000-8000-000000000000.00000000-0000-7000-8000-000000000000", All, "INVALID_QUERY"),
        ("?first=1&after=x", All, "INVALID_QUERY"),
        ("?first=1&after=00000000-0000-7000-8000-000000000000.00000000-0000-7000-8000-000000000000", All, "INVALID_CURSOR"),
        ("?limit=0", All, "INVALID_QUERY"),
        ("?limit=10001", All, "INVALID_QUERY"),
    ];

    private EntityHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        host = await EntityHost.StartAsync(store);
        http = host.Client(await host.TokenAsync(host.Org, "shop", ["application"]));
        const string Sample = """{"n":1,"name":"a","big":12345678901234567890123456789,"vip":true,"lines":[{"sku":"x"}],"tags":["a"],"note":null,"any":1}""";
        Assert.Equal(200, (await http.SendJsonAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/order/1", $$"""[{{Sample}},{"any":"one"}]""")).Status);
        Assert.Equal(200, (await http.SendJsonAsync("PUT", "/api/model/order/1/lock")).Status);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Direct_Sorted_GivesEveryMatchInOrder()
    {
        await CreateAsync("""{"n":3,"name":"b"}""", """{"n":20,"name":"a"}""", """{"n":3,"name":"a"}""", """{"name":"c"}""");
        Assert.Equal(["a3", "b3", "a20", "c"], await NamesAsync($"{Direct}?sort=n&sort=$.name:asc", All));
        Assert.Equal(["a20", "b3", "a3", "c"], await NamesAsync($"{Direct}?sort=n:desc&sort=name:desc", All));
        Assert.Equal(await NamesAsync(Direct, All), (await NamesAsync($"{Direct}?sort=@creationDate:desc&sort=@id:desc", All)).Reverse());
    }

    [Fact]
    public async Task Direct_ByCondition_ComparesByTheFieldsType()
    {
        await CreateAsync(
            """{"n":3,"name":"7","any":5,"vip":true,"lines":[{"sku":"y"},{"sku":"x"}],"tags":["a","b"]}""",
            """{"n":30,"name":"seven","any":"5","big":12345678901234567890123456789,"vip":false}""");
        foreach (var (condition, expected) in ConditionsAndCounts)
            Assert.True(expected == (await LinesAsync(Direct, condition)).Length, condition);
    }

    [Fact]
    public async Task Direct_Bad_IsRefused()
    {
        foreach (var (query, condition, code) in Bad)
        {
            var answer = await http.SendJsonAsync("POST", Direct + query, condition);
            Assert.True((400, code) == (answer.Status, ErrorCode(answer)), $"{query} {condition}: {answer.Body}");
        }
    }

    [Fact]
    public async Task Direct_OfAnotherModel_IsRefused()
    {
        var answer = await http.SendJsonAsync("POST", "/api/search/direct/nothing/1", All);
        Assert.Equal((404, "MODEL_NOT_FOUND"), (answer.Status, ErrorCode(answer)));
    }

    [Fact]
    public async Task Direct_MoreThanTheLimit_IsRefusedAndAllOfManyPagesCome()
    {
        await CreateAsync([.. Enumerable.Range(0, 700).Select(i => $$"""{"n":{{i}},"name":"x"}""")]);
        var limited = await http.SendJsonAsync("POST", $"{Direct}?limit=699", All);
        Assert.Equal((400, "SEARCH_RESULT_LIMIT"), (limited.Status, ErrorCode(limited)));
        var lines = await LinesAsync($"{Direct}?limit=700&sort=n:desc", All);
        Assert.Equal(Enumerable.Range(0, 700).Reverse(), lines.Select(l => l.GetProperty("data").GetProperty("n").GetInt32()));
    }

    [Fact]
    public async Task Direct_First_GivesPagesInOrderAndRefusesNothing()
    {
        await CreateAsync([.. Enumerable.Range(0, 25).Select(i => $$"""{"n":{{i / 2}},"name":"{{(char)('a' + i)}}"}""")]);
        foreach (var sort in (string[])["", "&sort=n:desc", "&sort=@creationDate&sort=name:desc"])
        {
            var all = await LinesAsync($"{Direct}?limit=25{sort}", All);
            var paged = new List<JsonElement>();
            for (var page = await LinesAsync($"{Direct}?first=10{sort}", All); page.Length > 0;
                page = await LinesAsync($"{Direct}?first=10{sort}&after={PositionOf(paged[^1])}", All)) paged.AddRange(page);
            Assert.Equal(all.Select(PositionOf), paged.Select(PositionOf));
        }
    }

    [Fact]
    public async Task Direct_After_GoesOnWhereAnEntityWas_WhateverBecameOfIt()
    {
        await CreateAsync("""{"n":1,"name":"a"}""", """{"n":2,"name":"b"}""", """{"n":3,"name":"c"}""", """{"n":4,"name":"d"}""");
        var page = await LinesAsync($"{Direct}?first=2&sort=n", All);
        var id = page[1].GetProperty("meta").GetProperty("id").GetString();
        Assert.Equal(200, (await http.SendJsonAsync("PUT", $"/api/entity/JSON/{id}", """{"n":9,"name":"b"}""")).Status);
        Assert.Equal(["c3"], await NamesAsync($"{Direct}?first=1&sort=n&after={PositionOf(page[1])}", All));
        Assert.Equal(200, (await http.SendJsonAsync("DELETE", $"/api/entity/{id}")).Status);
        Assert.Equal(["c3", "d4"], await NamesAsync($"{Direct}?first=9&sort=n&after={PositionOf(page[1])}", All));
    }

    [Theory]
    [InlineData(
        "nmae", "\"nmae\" cannot be sorted by. The model has no field nmae.", "Did you mean name? Write FIELD, FIELD:asc or FIELD:desc")]
    [InlineData("n:down", "\"down\" is neither asc nor desc.", "Write FIELD, FIELD:asc or FIELD:desc")]
    [InlineData("-n", "The direction comes after the field.", "Did you mean n:desc?")]
    [InlineData("@creationdate", "An entity has no fact @creationdate.", "Did you mean @creationDate?")]
    [InlineData("lines", "$.lines leads to objects or arrays.", "customer.name:desc")]
    public async Task Direct_WrongSort_NamesTheFieldAndTheForms(string sort, string message, string next)
    {
        var answer = await http.SendJsonAsync("POST", $"{Direct}?sort={Uri.EscapeDataString(sort)}", All);
        Assert.Contains(message, answer.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains(next, answer.Body.GetProperty("next").GetString(), StringComparison.Ordinal);
    }

    private static string PositionOf(JsonElement envelope) =>
        $"{envelope.GetProperty("meta").GetProperty("id").GetString()}.{envelope.GetProperty("meta").GetProperty("transactionId").GetString()}";

    [Fact]
    public async Task Direct_AtAPointInTime_GivesWhatWasThen()
    {
        await CreateAsync("""{"n":1,"name":"old"}""");
        var then = (await LinesAsync(Direct, All))[0].GetProperty("meta").GetProperty("lastUpdateTime").GetDateTimeOffset();
        await CreateAsync("""{"n":2,"name":"new"}""");
        var at = Uri.EscapeDataString(then.ToString("O"));
        var old = Assert.Single(await LinesAsync($"{Direct}?pointInTime={at}&sort=n", All));
        Assert.Equal("old", old.GetProperty("data").GetProperty("name").GetString());
        Assert.Equal(2, (await LinesAsync(Direct, All)).Length);
    }

    [Fact]
    public async Task Direct_ByClientsThatDoNotRead_HoldsNobodyUp()
    {
        var text = new string('x', 20_000);
        await CreateAsync([.. Enumerable.Range(0, 400).Select(i => $$"""{"n":{{i}},"name":"{{text}}"}""")]);
        var idle = new List<HttpResponseMessage>();
        for (var i = 0; i < 8; i++)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post, Direct) { Content = new StringContent(All, System.Text.Encoding.UTF8, "application/json") };
            idle.Add(await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
        }
        Assert.Equal(400, (await LinesAsync(Direct, All)).Length);
        foreach (var answer in idle) answer.Dispose();
    }

    private async Task CreateAsync(params string[] documents)
    {
        var created = await http.SendJsonAsync(
            "POST", "/api/entity/JSON/order/1?transactionWindow=1000", $"[{string.Join(',', documents)}]");
        Assert.True(created.Status == 200, created.Body.ToString());
    }

    private async Task<IEnumerable<string>> NamesAsync(string path, string condition) =>
        (await LinesAsync(path, condition)).Select(l => l.GetProperty("data"))
            .Select(d => d.GetProperty("name").GetString() + (d.TryGetProperty("n", out var n) ? n.GetRawText() : ""));

    private async Task<JsonElement[]> LinesAsync(string path, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(path, content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonElement.Parse(l))];
    }

    private static string? ErrorCode(JsonAnswered answer) => answer.Body.GetProperty("properties").GetProperty("errorCode").GetString();
}

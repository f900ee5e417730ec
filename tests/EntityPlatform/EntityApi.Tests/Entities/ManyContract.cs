using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Entities;

/// <summary>Arrays and collections: transactions of transactionWindow, and what each one's failure does.</summary>
public abstract class ManyContract(IStore store) : EntityApiContract(store)
{
    [Fact]
    public async Task CreateArray_AnswersATransactionPerWindow()
    {
        var created = await Http.SendJsonAsync("POST", Items + "?transactionWindow=2", Array(Enumerable.Range(1, 5).Select(i => $$"""{"name":"a","n":{{i}}}""")));
        Assert.Equal([2, 2, 1], created.Body.EnumerateArray().Select(t => t.GetProperty("entityIds").GetArrayLength()));
        Assert.Equal(3, created.Body.EnumerateArray().Select(t => t.GetProperty("transactionId").GetString()).Distinct().Count());
        foreach (var bad in new[] { "0", "1001", "x" })
            Assert.Equal(400, (await Http.SendJsonAsync("POST", $"{Items}?transactionWindow={bad}", "{}")).Status);
        foreach (var bad in new[] { "[]", "[1]", "1", "[{},null]" })
            Assert.Equal((400, "BAD_REQUEST"), Refusal(await Http.SendJsonAsync("POST", Items, bad)));
    }

    [Fact]
    public async Task CreateCollection_OfSeveralModels_IsOneTransaction()
    {
        await DefineAsync("other", """{"x":true}""");
        var created = await Http.SendJsonAsync("POST", "/api/entity/JSON", Array([New("item", """{"name":"ü","n":1}"""), New("other", """{"x":false}""")]));
        Assert.Equal(2, created.Body[0].GetProperty("entityIds").GetArrayLength());
        Assert.Equal(
            "ü", (await GetAsync(created.Body[0].GetProperty("entityIds")[0].GetString()!)).GetProperty("data").GetProperty("name")
                .GetString());
        Assert.Equal((1, 1), (await CountAsync(), await CountAsync("other")));
    }

    [Fact]
    public async Task CreateCollection_FirstTransactionFails_IsRefused()
    {
        var body = Array([New("item", """{"name":"a","n":1}"""), New("none", "{}")]);
        Assert.Equal((404, "MODEL_NOT_FOUND"), Refusal(await Http.SendJsonAsync("POST", "/api/entity/JSON", body)));
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task CreateCollection_LaterTransactionFails_TellsWhichAndStops()
    {
        var good = New("item", """{"name":"a","n":1}""");
        var answer = await Http.SendJsonAsync("POST", "/api/entity/JSON?transactionWindow=1", Array([good, good, New("none", "{}"), good]));
        Assert.Equal((200, 3), (answer.Status, answer.Body.GetArrayLength()));
        var error = answer.Body[2].GetProperty("error");
        Assert.Equal(("MODEL_NOT_FOUND", 2), (error.GetProperty("code").GetString(), error.GetProperty("chunkIndex").GetInt32()));
        Assert.Equal(2, await CountAsync());
    }

    [Theory]
    [InlineData("""[{"model":{"name":"item","version":1},"payload":{"name":"a"}}]""", "BAD_REQUEST")]
    [InlineData("""[{"model":{"name":"item","version":1}}]""", "BAD_REQUEST")]
    [InlineData("""[{"model":{"name":"item"},"payload":"{}"}]""", "BAD_REQUEST")]
    [InlineData("""[{"payload":"{}"}]""", "BAD_REQUEST")]
    [InlineData("""[{"model":{"name":"item","version":1},"payload":"{\"a\":1,\"a\":2}"}]""", "INVALID_JSON")]
    [InlineData("""[{"model":{"name":"item","version":1},"payload":"{\"a\":\"\\u0000\"}"}]""", "INVALID_JSON")]
    [InlineData("""[{"model":{"name":"item","version":1},"payload":"{\"a\":\"\\ud800\"}"}]""", "INVALID_JSON")]
    [InlineData("""[{"model":{"name":"item","version":1},"payload":"[]"}]""", "BAD_REQUEST")]
    [InlineData("""{"model":{"name":"item","version":1},"payload":"{}"}""", "BAD_REQUEST")]
    [InlineData("[]", "BAD_REQUEST")]
    public async Task CreateCollection_AMalformedItem_ChangesNothing(string body, string code)
    {
        var good = New("item", """{"name":"a","n":1}""");
        var all = body.StartsWith("[{", StringComparison.Ordinal) ? $"[{good},{body[1..]}" : body;
        Assert.Equal((400, code), Refusal(await Http.SendJsonAsync("POST", "/api/entity/JSON?transactionWindow=1", all)));
        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task UpdateCollection_WithIfMatch_LeavesOutWhatHasMovedOn()
    {
        var (a, first) = await CreateAsync();
        var (b, second) = await CreateAsync();
        await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{b}", """{"name":"moved","n":2}""");
        var answer = await Http.SendJsonAsync("PUT", "/api/entity/JSON", Array([Change(a, 7, first), Change(b, 7, second)]));
        Assert.Equal(200, answer.Status);
        var chunk = answer.Body[0];
        Assert.Equal([a], chunk.GetProperty("entityIds").EnumerateArray().Select(i => i.GetString()));
        var failed = Assert.Single(chunk.GetProperty("failed").EnumerateArray());
        Assert.Equal(b, failed.GetProperty("entityId").GetString());
        Assert.Equal(
            ("ENTITY_MODIFIED", 1),
            (failed.GetProperty("error").GetProperty("code").GetString(), failed.GetProperty("error").GetProperty("itemIndex").GetInt32()));
        Assert.Equal(7, (await GetAsync(a)).GetProperty("data").GetProperty("n").GetInt32());
        Assert.Equal(2, (await GetAsync(b)).GetProperty("data").GetProperty("n").GetInt32());
    }

    [Fact]
    public async Task UpdateCollection_WhenAllHaveMovedOn_WritesNothing()
    {
        var (a, first) = await CreateAsync();
        await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{a}", """{"name":"moved","n":2}""");
        var head = await Host.Log.HeadAsync(Host.Org, default);
        var answer = await Http.SendJsonAsync("PUT", "/api/entity/JSON", Array([Change(a, 7, first)]));
        Assert.Equal(0, answer.Body[0].GetProperty("entityIds").GetArrayLength());
        Assert.True(answer.Body[0].TryGetProperty("transactionId", out _));
        Assert.Equal(head, await Host.Log.HeadAsync(Host.Org, default));
    }

    [Fact]
    public async Task UpdateCollection_AnyOtherFailure_AbandonsTheTransaction()
    {
        var (a, _) = await CreateAsync();
        var missing = NoSuchId;
        var refused = await Http.SendJsonAsync("PUT", "/api/entity/JSON", Array([Change(a, 7), Change(missing, 7)]));
        Assert.Equal((404, "ENTITY_NOT_FOUND"), Refusal(refused));
        Assert.Equal("1", refused.Body.GetProperty("properties").GetProperty("itemIndex").GetString());
        Assert.Equal(1, (await GetAsync(a)).GetProperty("data").GetProperty("n").GetInt32());
        var transition = await Http.SendJsonAsync("PUT", "/api/entity/JSON", Array([Change(a, 7, transition: "NOWHERE")]));
        Assert.Equal((400, "TRANSITION_NOT_FOUND"), Refusal(transition));
    }

    [Fact]
    public async Task UpdateCollection_TakesTransitions()
    {
        var (a, _) = await CreateAsync();
        var (b, _) = await CreateAsync();
        Assert.Equal(
            200, (await Http.SendJsonAsync("PUT", "/api/entity/JSON", Array([Change(a, 7, transition: "UPDATE"), Change(b, 8)]))).Status);
        Assert.Equal("UPDATE", (await GetAsync(a)).GetProperty("meta").GetProperty("transitionForLatestSave").GetString());
        Assert.Equal("loopback", (await GetAsync(b)).GetProperty("meta").GetProperty("transitionForLatestSave").GetString());
        Assert.Equal((await GetAsync(a)).GetProperty("meta").GetProperty("transactionId").GetString(),
            (await GetAsync(b)).GetProperty("meta").GetProperty("transactionId").GetString());
    }

    [Fact]
    public async Task Array_WithAKey_TakesEffectOncePerTransaction()
    {
        var body = Array(Enumerable.Range(1, 5).Select(i => $$"""{"name":"a","n":{{i}}}"""));
        var first = await Http.SendJsonAsync("POST", Items + "?transactionWindow=2", body, headers: ("Idempotency-Key", "k"));
        var again = await Http.SendJsonAsync("POST", Items + "?transactionWindow=2", body, headers: ("Idempotency-Key", "k"));
        Assert.Equal(first.Body.GetRawText(), again.Body.GetRawText());
        Assert.Equal(5, await CountAsync());
        Assert.Equal((409, "IDEMPOTENCY_CONFLICT"),
            Refusal(await Http.SendJsonAsync("POST", Items + "?transactionWindow=3", body, headers: ("Idempotency-Key", "k"))));
        Assert.Equal(5, await CountAsync());
    }

    [Fact]
    public async Task Array_WithAKey_ThatGrewTheModel_TellsOfItsEntitiesOnly()
    {
        Assert.Equal(200, (await Http.SendJsonAsync("POST", "/api/model/item/1/changeLevel/STRUCTURAL")).Status);
        var body = Array(["""{"name":"a","n":1,"more":true}""", """{"name":"b","n":2,"further":{"x":"y"}}"""]);
        var first = await Http.SendJsonAsync("POST", Items, body, headers: ("Idempotency-Key", "k"));
        Assert.Equal(2, first.Body[0].GetProperty("entityIds").GetArrayLength());
        Assert.Equal(
            first.Body.GetRawText(), (await Http.SendJsonAsync("POST", Items, body, headers: ("Idempotency-Key", "k"))).Body.GetRawText());
        var one = await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{first.Body[0].GetProperty("entityIds")[0].GetString()}", """{"name":"a","n":1,"again":1}""", headers: ("Idempotency-Key", "u"));
        Assert.Equal(1, one.Body.GetProperty("entityIds").GetArrayLength());
        Assert.Equal(one.Body.GetRawText(), (await Http.SendJsonAsync("PUT", $"/api/entity/JSON/{first.Body[0].GetProperty("entityIds")[0].GetString()}", """{"name":"a","n":1,"again":1}""", headers: ("Idempotency-Key", "u"))).Body.GetRawText());
    }

    [Fact]
    public async Task Collection_WithAKey_ThatFailedHalfWay_GoesOnWhereItEnded()
    {
        var body = Array([New("item", """{"name":"a","n":1}"""), New("late", """{"x":1}"""), New("item", """{"name":"a","n":2}""")]);
        var path = "/api/entity/JSON?transactionWindow=1";
        var first = await Http.SendJsonAsync("POST", path, body, headers: ("Idempotency-Key", "k"));
        Assert.Equal("MODEL_NOT_FOUND", first.Body[1].GetProperty("error").GetProperty("code").GetString());
        await DefineAsync("late", """{"x":1}""");
        var again = await Http.SendJsonAsync("POST", path, body, headers: ("Idempotency-Key", "k"));
        Assert.Equal(first.Body[0].GetRawText(), again.Body[0].GetRawText());
        Assert.Equal(3, again.Body.EnumerateArray().Count(t => t.TryGetProperty("transactionId", out _)));
        Assert.Equal((2, 1), (await CountAsync(), await CountAsync("late")));
    }

    [Fact]
    public async Task UpdateCollection_WithAKey_AnswersTheSameFailures()
    {
        var (a, first) = await CreateAsync();
        var (b, _) = await CreateAsync();
        var body = Array([Change(a, 7, first), Change(b, 7, NoSuchId)]);
        var one = await Http.SendJsonAsync("PUT", "/api/entity/JSON", body, headers: ("Idempotency-Key", "k"));
        var two = await Http.SendJsonAsync("PUT", "/api/entity/JSON", body, headers: ("Idempotency-Key", "k"));
        Assert.Equal(one.Body.GetRawText(), two.Body.GetRawText());
        Assert.Equal(1, two.Body[0].GetProperty("failed").GetArrayLength());
    }

    [Fact]
    public async Task Xml_IsTakenForOneAndForMany()
    {
        var one = await Http.SendJsonAsync("POST", "/api/entity/XML/item/1", "<item><name>x</name><n>3</n></item>", "application/xml");
        Assert.True(one.Status == 200, one.Body.ToString());
        var id = one.Body[0].GetProperty("entityIds")[0].GetString()!;
        Assert.Equal("""{"n":3,"name":"x"}""", Sorted((await GetAsync(id)).GetProperty("data")));
        Assert.Equal(
            200, (await Http.SendJsonAsync(
                "PUT", $"/api/entity/XML/{id}", "<item><name>y</name><n>4</n></item>", "application/xml")).Status);
        var many = await Http.SendJsonAsync("POST", "/api/entity/XML", Array([New("item", "<i><name>z</name><n>5</n></i>")]));
        Assert.True(many.Status == 200, many.Body.ToString());
        Assert.Equal(415, (await Http.SendJsonAsync("POST", "/api/entity/XML/item/1", "{}")).Status);
        Assert.Equal(
            400, (await Http.SendJsonAsync(
                "POST", "/api/entity/XML/item/1", "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", "application/xml")).Status);
        Assert.Equal(400, (await Http.SendJsonAsync("POST", "/api/entity/YAML/item/1", "{}")).Status);
        Assert.Equal(2, await CountAsync());
    }

    private static string Sorted(System.Text.Json.JsonElement data) =>
        "{" + string.Join(
            ',', data.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => $"\"{p.Name}\":{p.Value.GetRawText()}"))
                + "}";

    private static string New(string model, string payload) => $$"""{"model":{"name":"{{model}}","version":1},"payload":{{Quoted(payload)}}}""";

    private static string Change(string id, int n, string? ifMatch = null, string? transition = null)
    {
        var rest = (ifMatch is null ? "" : $",\"ifMatch\":\"{ifMatch}\"") + (transition is null ? "" : $",\"transition\":\"{transition}\"");
        return $$"""{"id":"{{id}}","payload":{{Quoted($$"""{"name":"c","n":{{n}}}""")}}{{rest}}}""";
    }
}

using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Log;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Entities;

/// <summary>
/// One Idempotency-Key on two servers at once, and attempts that were given up while their append was on its way. Both attempts come as far
/// as the append before either is let on, so that none can see what the other one wrote.
/// </summary>
public abstract class KeyContract(IStore store) : IAsyncLifetime
{
    private const string Items = "/api/entity/JSON/item/1";

    private readonly MeetingStore meeting = new(store);
    private EntityHost one = null!;
    private EntityHost two = null!;
    private HttpClient first = null!;
    private HttpClient second = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        one = await EntityHost.StartAsync(meeting);
        two = await EntityHost.StartAsync(meeting);
        var token = await one.TokenAsync(one.Org, "app", ["application"]);
        (first, second) = (one.Client(token), two.Client(token));
        Assert.Equal(200, (await first.SendJsonAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/item/1", """{"name":"a","n":1}""")).Status);
        Assert.Equal(200, (await first.SendJsonAsync("PUT", "/api/model/item/1/lock")).Status);
    }

    public async ValueTask DisposeAsync()
    {
        first.Dispose();
        second.Dispose();
        await one.DisposeAsync();
        await two.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("k")]
    [InlineData("018f3a54-7c00-7abc-8def-0123456789ab")]
    public async Task Create_OnTwoServersAtOnce_MakesOneEntityAndBothTellIt(string key)
    {
        var (a, b) = await BothAsync("POST", Items, """{"name":"a","n":1}""", """{"name":"a","n":1}""", key);
        Assert.Equal((200, 200), (a.Status, b.Status));
        Assert.Equal(a.Body.GetRawText(), b.Body.GetRawText());
        var id = a.Body[0].GetProperty("entityIds")[0].GetString();
        Assert.Equal(200, (await first.SendJsonAsync("GET", $"/api/entity/{id}")).Status);
        Assert.Equal(1, await CountAsync());
        Assert.Equal(key.Length > 1, id!.StartsWith("018f3a54-7c00-7", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Create_OnTwoServersAtOnce_WithOtherBodies_IsAConflictForOne()
    {
        var (a, b) = await BothAsync("POST", Items, """{"name":"a","n":1}""", """{"name":"b","n":2}""", "k");
        Assert.Equal([200, 409], new[] { a.Status, b.Status }.Order());
        var refused = a.Status == 409 ? a : b;
        Assert.Equal("IDEMPOTENCY_CONFLICT", refused.Body.GetProperty("properties").GetProperty("errorCode").GetString());
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task Array_OnTwoServersAtOnce_MakesEachTransactionOnce()
    {
        var body = $"[{string.Join(',', Enumerable.Range(1, 5).Select(i => $$"""{"name":"a","n":{{i}}}"""))}]";
        var (a, b) = await BothAsync("POST", Items + "?transactionWindow=2", body, body, "k");
        Assert.Equal((200, 200), (a.Status, b.Status));
        Assert.Equal(a.Body.GetRawText(), b.Body.GetRawText());
        Assert.Equal(5, await CountAsync());
        foreach (var id in a.Body.EnumerateArray().SelectMany(t => t.GetProperty("entityIds").EnumerateArray()))
            Assert.Equal(200, (await second.SendJsonAsync("GET", $"/api/entity/{id.GetString()}")).Status);
    }

    [Fact]
    public async Task Collection_OnTwoServersAtOnce_MakesEachEntityOnce()
    {
        const string body = """[{"model":{"name":"item","version":1},"payload":"{\"name\":\"a\",\"n\":1}"},{"model":{"name":"item","version":1},"payload":"{\"name\":\"b\",\"n\":2}"}]""";
        var (a, b) = await BothAsync("POST", "/api/entity/JSON", body, body, "k");
        Assert.Equal(200, a.Status);
        Assert.Equal(a.Body.GetRawText(), b.Body.GetRawText());
        Assert.Equal(2, await CountAsync());
    }

    [Fact]
    public async Task UpdateAndDelete_OnTwoServersAtOnce_TakeEffectOnceAndAnswerAlike()
    {
        var created = await first.SendJsonAsync("POST", Items, """{"name":"a","n":1}""");
        var id = created.Body[0].GetProperty("entityIds")[0].GetString();
        var (a, b) = await BothAsync("PUT", $"/api/entity/JSON/{id}", """{"name":"a","n":2}""", """{"name":"a","n":2}""", "u");
        Assert.Equal((200, 200), (a.Status, b.Status));
        Assert.Equal(a.Body.GetRawText(), b.Body.GetRawText());
        Assert.Equal(2, (await first.SendJsonAsync("GET", $"/api/entity/{id}/changes")).Body.GetArrayLength());

        (a, b) = await BothAsync("DELETE", $"/api/entity/{id}", null, null, "d");
        Assert.Equal((200, 200), (a.Status, b.Status));
        Assert.Equal(a.Body.GetRawText(), b.Body.GetRawText());
    }

    [Fact]
    public async Task Webhook_OnTwoServersAtOnce_IsMadeOnce()
    {
        var admin = (A: one.Client(), B: two.Client(one.AdminToken));
        const string body = """{"name":"hook","spec":{"url":"https://example.com/"}}""";
        meeting.Expect(2);
        var sent = await Task.WhenAll(
            admin.A.SendJsonAsync("POST", "/api/v1/webhooks", body, headers: ("Idempotency-Key", "w")),
            admin.B.SendJsonAsync("POST", "/api/v1/webhooks", body, headers: ("Idempotency-Key", "w")));
        Assert.Equal([201, 201], sent.Select(s => s.Status));
        Assert.Equal(sent[0].Body.GetProperty("id").GetString(), sent[1].Body.GetProperty("id").GetString());
        admin.A.Dispose();
        admin.B.Dispose();
    }

    [Fact]
    public async Task Resource_CreatedAndPatchedOnTwoServersAtOnce_TakesEffectOnceAndBothAnswerAlike()
    {
        using var a = one.Client();
        using var b = two.Client(one.AdminToken);
        const string hook = "/api/v1/webhooks/hook";
        await SameAsync(a, b, "POST", "/api/v1/webhooks", """{"name":"hook","spec":{"url":"https://example.com/"}}""", "c", 201);
        var patched = await SameAsync(a, b, "PATCH", hook, """{"spec":{"url":"https://example.com/2"}}""", "p", 200);
        Assert.Equal("https://example.com/2", patched.Body.GetProperty("spec").GetProperty("url").GetString());
    }

    [Fact]
    public async Task Transition_OnTwoServersAtOnce_IsTakenOnce()
    {
        const string workflow = """
            {"importMode":"REPLACE","workflows":[{"version":"1.0","name":"w","initialState":"A","active":true,
              "states":{"A":{"transitions":[{"name":"go","next":"B","manual":true}]},"B":{"transitions":[{"name":"go","next":"C","manual":true}]},"C":{}}}]}
            """;
        Assert.Equal(200, (await first.SendJsonAsync("POST", "/api/model/item/1/workflow/import", workflow)).Status);
        var created = await first.SendJsonAsync("POST", Items, """{"name":"a","n":1}""");
        var id = created.Body[0].GetProperty("entityIds")[0].GetString();
        var (a, b) = await BothAsync("PUT", $"/api/entity/JSON/{id}/go", """{"name":"a","n":2}""", """{"name":"a","n":2}""", "t");
        Assert.Equal((200, 200), (a.Status, b.Status));
        Assert.Equal(a.Body.GetRawText(), b.Body.GetRawText());
        Assert.Equal(
            "B", (await second.SendJsonAsync("GET", $"/api/entity/{id}")).Body.GetProperty("meta").GetProperty("state").GetString());
    }

    [Fact]
    public async Task Message_OnTwoServersAtOnce_IsKeptOnce_AndWithOtherBodiesIsAConflictForOne()
    {
        for (var round = 0; round < 10; round++)
        {
            var same = await Task.WhenAll(SaveAsync(first, "m" + round, "x"), SaveAsync(second, "m" + round, "x"));
            Assert.Equal([200, 200], same.Select(s => s.Status));
            Assert.Equal(same[0].Body.GetRawText(), same[1].Body.GetRawText());
            var other = await Task.WhenAll(SaveAsync(first, "o" + round, "x"), SaveAsync(second, "o" + round, "y"));
            Assert.Equal([200, 409], other.Select(s => s.Status).Order());
        }
        Task<JsonAnswered> SaveAsync(HttpClient at, string key, string payload) =>
            at.SendJsonAsync("POST", "/api/message/new/subject", $$"""{"payload":"{{payload}}"}""", headers: ("Idempotency-Key", key));
    }

    private async Task<JsonAnswered> SameAsync(HttpClient a, HttpClient b, string method, string path, string? body, string key, int status)
    {
        meeting.Expect(2);
        var both = await Task.WhenAll(
            a.SendJsonAsync(method, path, body, headers: ("Idempotency-Key", key)),
            b.SendJsonAsync(method, path, body, headers: ("Idempotency-Key", key)));
        Assert.Equal([status, status], both.Select(x => x.Status));
        Assert.Equal(both[0].Body.GetRawText(), both[1].Body.GetRawText());
        return both[0];
    }

    [Fact]
    public async Task Create_GivenUpWhileItsAppendStalls_IsToldByTheNextAttempt()
    {
        meeting.Expect(2);
        using var patience = new CancellationTokenSource();
        var stalled = first.SendAsync(Create("s"), patience.Token);
        await meeting.ArrivedAsync(1);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stalled);
        var again = await second.SendJsonAsync("POST", Items, """{"name":"a","n":1}""", headers: ("Idempotency-Key", "s"));
        Assert.Equal(200, again.Status);
        Assert.Equal(
            200, (await first.SendJsonAsync("GET", $"/api/entity/{again.Body[0].GetProperty("entityIds")[0].GetString()}")).Status);
        Assert.Equal(1, await CountAsync());
    }

    private static HttpRequestMessage Create(string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Items) { Content = new StringContent("""{"name":"a","n":1}""", null, "application/json") };
        request.Headers.Add("Idempotency-Key", key);
        return request;
    }

    private async Task<(JsonAnswered, JsonAnswered)> BothAsync(string method, string path, string? one, string? two, string key)
    {
        meeting.Expect(2);
        var a = first.SendJsonAsync(method, path, one, headers: ("Idempotency-Key", key));
        var b = second.SendJsonAsync(method, path, two, headers: ("Idempotency-Key", key));
        return (await a, await b);
    }

    private async Task<int> CountAsync() => (await first.SendJsonAsync("GET", "/api/entity/item/1?pageSize=1000")).Body.GetArrayLength();
}

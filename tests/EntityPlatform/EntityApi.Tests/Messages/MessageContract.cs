using System.Text;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Messages;

/// <summary>Messages over HTTP: saved and read as a stream, deleted, refused.</summary>
public abstract class MessageContract(IStore store) : IAsyncLifetime
{
    private const string New = "/api/message/new/orders.created";
    private EntityHost host = null!;
    private HttpClient http = null!;

    public async ValueTask InitializeAsync()
    {
        await store.InitializeAsync();
        host = await EntityHost.StartAsync(store, limits: new EntityApiLimits { MessageBytesMax = 16 << 20 });
        http = host.Client(await host.TokenAsync(host.Org, "app", ["application"]));
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await host.DisposeAsync();
        await store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Message_IsSavedReadAndDeleted()
    {
        const string Body = """{"metaData":{"k":[1.50,"ü"]},"payload":{"n":12345678901234567890.10,"text":"💩"}}""";
        var saved = await http.SendJsonAsync("POST", New, Body,
            headers: [("X-Message-ID", "m1"), ("X-User-ID", "u"), ("X-Recipient", "r"), ("X-Reply-To", "q"), ("X-Correlation-ID", "c")]);
        var id = IdOf(saved);
        Assert.True(Guid.TryParse(saved.Body[0].GetProperty("transactionId").GetString(), out _));
        foreach (var path in new[] { $"/api/message/{id}", $"/api/message/get/{id}" })
        {
            var read = await http.SendJsonAsync("GET", path);
            Assert.Equal("""{"n":12345678901234567890.10,"text":"💩"}""", read.Body.GetProperty("content").GetRawText());
            Assert.Equal("""{"k":[1.50,"ü"]}""", read.Body.GetProperty("metaData").GetRawText());
            var header = read.Body.GetProperty("header");
            Assert.Equal(("orders.created", "UTF-8", "m1", "u"),
                (Text(header, "subject"), Text(header, "contentEncoding"), Text(header, "messageId"), Text(header, "userId")));
            Assert.Equal(("r", "q", "c"), (Text(header, "recipient"), Text(header, "replyTo"), Text(header, "correlationId")));
            Assert.StartsWith("application/json", Text(header, "contentType"), StringComparison.Ordinal);
            Assert.Equal(Encoding.UTF8.GetByteCount(Body), header.GetProperty("contentLength").GetInt64());
        }
        Assert.Equal($$"""{"entityIds":["{{id}}"]}""", (await http.SendJsonAsync("DELETE", $"/api/message/{id}")).Body.GetRawText());
        Assert.Equal((404, "ENTITY_NOT_FOUND"), Refusal(await http.SendJsonAsync("GET", $"/api/message/{id}")));
        Assert.Equal((404, "ENTITY_NOT_FOUND"), Refusal(await http.SendJsonAsync("DELETE", $"/api/message/{id}")));
    }

    [Fact]
    public async Task Message_OfManyPieces_ComesBackByteForByte()
    {
        var text = new string('x', 1 << 20);
        var payload = "[" + string.Join(',', Enumerable.Range(0, 12).Select(i => $"\"{i} ä {text}\"")) + "]";
        using var content = new StringContent("{\"payload\":" + payload + "}", Encoding.UTF8, "application/json");
        content.Headers.ContentEncoding.Add("UTF-8");
        using var request = new HttpRequestMessage(HttpMethod.Post, New) { Content = content };
        request.Headers.TransferEncodingChunked = true;
        using var response = await http.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        var id = JsonElement.Parse(await response.Content.ReadAsStringAsync())[0].GetProperty("entityIds")[0].GetString();
        using var read = await http.GetAsync($"/api/message/{id}");
        var body = await read.Content.ReadAsStringAsync();
        Assert.Equal(Encoding.UTF8.GetByteCount(body), read.Content.Headers.ContentLength);
        Assert.EndsWith($"\"content\":{payload}}}", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", 400, "BAD_REQUEST")]
    [InlineData("""{"payload":1,"metaData":[]}""", 400, "BAD_REQUEST")]
    [InlineData("""{"payload":1,"metaData":{},"meta-data":{}}""", 400, "BAD_REQUEST")]
    [InlineData("""{"payload":1""", 400, "INVALID_JSON")]
    [InlineData("""{"payload":1}{}""", 400, "INVALID_JSON")]
    [InlineData("""{"payload":{"a":1,"a":2}}""", 400, "INVALID_JSON")]
    [InlineData("""{"payload":1,"payload":2}""", 400, "INVALID_JSON")]
    [InlineData("""{"payload":"\u0000"}""", 400, "INVALID_JSON")]
    [InlineData("""{"payload":"\ud800"}""", 400, "INVALID_JSON")]
    [InlineData("[]", 400, "INVALID_JSON")]
    public async Task Save_AFaultyBody_IsRefused(string body, int status, string code) =>
        Assert.Equal((status, code), Refusal(await http.SendJsonAsync("POST", New, body)));

    [Fact]
    public async Task Save_FaultyBehindManyPieces_LeavesNothing()
    {
        var large = "{\"payload\":[\"" + new string('x', 2 << 20) + "\"],}";
        Assert.Equal((400, "INVALID_JSON"), Refusal(await http.SendJsonAsync("POST", New, large)));
        using var head = new StringContent("{\"payload\":\"" + new string('x', 17 << 20) + "\"}", Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(New, head);
        Assert.Equal(413, (int)response.StatusCode);
    }

    [Fact]
    public async Task Save_FaultyHeaders_AreRefused()
    {
        Assert.Equal(400, (await http.SendJsonAsync("POST", "/api/message/new/a%20b", """{"payload":1}""")).Status);
        Assert.Equal(400, (await http.SendJsonAsync("POST", "/api/message/new/" + new string('a', 257), """{"payload":1}""")).Status);
        Assert.Equal(400, (await http.SendJsonAsync("POST", New, """{"payload":1}""", headers: ("X-User-ID", new string('a', 1025)))).Status);
        using var content = new StringContent("""{"payload":1}""", Encoding.UTF8, "application/json");
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await http.PostAsync(New, content);
        Assert.Equal(415, (int)response.StatusCode);
        using var untyped = new ByteArrayContent("""{"payload":1}"""u8.ToArray());
        using var refused = await http.PostAsync(New, untyped);
        Assert.Equal(415, (int)refused.StatusCode);
    }

    [Fact]
    public async Task Save_WithAKey_TakesEffectOnce()
    {
        const string Body = """{"payload":"once"}""";
        var first = await http.SendJsonAsync("POST", New, Body, headers: ("Idempotency-Key", "k"));
        var again = await http.SendJsonAsync("POST", New, Body, headers: ("Idempotency-Key", "k"));
        Assert.Equal(first.Body.GetRawText(), again.Body.GetRawText());
        Assert.Equal((409, "IDEMPOTENCY_CONFLICT"), Refusal(await http.SendJsonAsync("POST", New, """{"payload":"twice"}""", headers: ("Idempotency-Key", "k"))));
        var deleted = await http.SendJsonAsync("DELETE", $"/api/message/{IdOf(first)}", headers: ("Idempotency-Key", "d"));
        Assert.Equal(
            deleted.Body.GetRawText(),
            (await http.SendJsonAsync("DELETE", $"/api/message/{IdOf(first)}", headers: ("Idempotency-Key", "d"))).Body.GetRawText());
    }

    [Fact]
    public async Task DeleteBatch_AnswersATransactionPerSize()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++) ids.Add(IdOf(await http.SendJsonAsync("POST", New, """{"payload":1}""")));
        var body = JsonSerializer.Serialize(ids);
        var deleted = await http.SendJsonAsync("DELETE", "/api/message?transactionSize=2", body, headers: ("Idempotency-Key", "k"));
        Assert.Equal([2, 2, 1], deleted.Body.EnumerateArray().Select(c => c.GetProperty("entityIds").GetArrayLength()));
        Assert.All(deleted.Body.EnumerateArray(), c => Assert.True(c.GetProperty("success").GetBoolean()));
        Assert.Equal(
            deleted.Body.GetRawText(),
            (await http.SendJsonAsync(
                "DELETE", "/api/message?transactionSize=2", body, headers: ("Idempotency-Key", "k"))).Body.GetRawText());
        Assert.Equal(0, (await http.SendJsonAsync("DELETE", "/api/message", body)).Body[0].GetProperty("entityIds").GetArrayLength());
        Assert.Equal(400, (await http.SendJsonAsync("DELETE", "/api/message", """["x"]""")).Status);
    }

    [Fact]
    public async Task AnotherOrganization_SeesNothing()
    {
        var id = IdOf(await http.SendJsonAsync("POST", New, """{"payload":1}"""));
        using var other = host.Client(await host.TokenAsync(host.OtherOrg, "a", ["admin"]));
        Assert.Equal(404, (await other.SendJsonAsync("GET", $"/api/message/{id}")).Status);
        Assert.Equal(404, (await other.SendJsonAsync("DELETE", $"/api/message/{id}")).Status);
        Assert.Equal(200, (await http.SendJsonAsync("GET", $"/api/message/{id}")).Status);
    }

    private static string? Text(JsonElement of, string name) => of.GetProperty(name).GetString();

    private static string IdOf(JsonAnswered saved)
    {
        Assert.True(saved.Status == 200, saved.Body.ToString());
        return saved.Body[0].GetProperty("entityIds")[0].GetString()!;
    }

    private static (int Status, string? Code) Refusal(JsonAnswered answer) =>
        (answer.Status, answer.Body.GetProperty("properties").GetProperty("errorCode").GetString());
}

public sealed class MemoryMessageTests() : MessageContract(new MemoryStore());

public sealed class PostgresMessageTests(TestServer server) : MessageContract(PostgresDatabase.Reused(server));

using System.Text;
using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Entities;

/// <summary>
/// Bodies that nobody would send on purpose: what can be kept comes back the same, all else is refused with a code and changes nothing.
/// </summary>
public abstract class FuzzContract(IStore store) : EntityApiContract(store)
{
    private const int Limit = 10 * 1024 * 1024;

    private static readonly string[] Odd =
    [
        "", " ", "\t\r\n\u0001\u001f\u007f", "\"\\/", "e\u0301\u0323", "\u202eabc\u200f\u2066", "👩‍👩‍👧‍👦🏳️‍🌈", "\uffff\ufffe\ufdd0",
        "\u2028\u2029\u0085", "\U0010ffff\U00010000", "ı İ ß ẞ ſ ﬀ", "\ufeffbom",
        "'; drop table strata.log; --", "<script>&amp;", "NULL", "%00%s{0}", "\ufffd",
    ];

    [Fact]
    public async Task Text_OfAnyKind_ComesBackTheSame()
    {
        foreach (var text in Odd.Append(string.Concat(Odd)))
        {
            foreach (var body in new[] { JsonSerializer.Serialize(new { name = text, n = 1 }), $$"""{"name":{{Escaped(text)}},"n":1}""" })
            {
                var (id, _) = await CreateAsync(body);
                Assert.Equal(text, (await GetAsync(id)).GetProperty("data").GetProperty("name").GetString());
            }
        }
    }

    [Fact]
    public async Task Bodies_OfTenMebibytes_AreTheLimit()
    {
        const string Frame = """{"name":"","n":1}""";
        var text = new string('x', Limit - Frame.Length);
        var (id, _) = await CreateAsync($$"""{"name":"{{text}}","n":1}""");
        Assert.Equal(text.Length, (await GetAsync(id)).GetProperty("data").GetProperty("name").GetString()!.Length);
        Assert.Equal((413, "BODY_TOO_LARGE"), Refusal(await Http.SendJsonAsync("POST", Items, $$"""{"name":"{{text}}x","n":1}""")));
        Assert.Equal(1, await CountAsync());
    }

    [Fact]
    public async Task Bodies_OfEveryBadKind_AreRefused_AndChangeNothing()
    {
        var random = Seeded.Random();
        var (id, _) = await CreateAsync();
        var head = await Host.Log.HeadAsync(Host.Org, default);
        for (var i = 0; i < 150; i++)
        {
            var body = Bad(random);
            foreach (var (method, path, type) in Targets(id))
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new ByteArrayContent(body) };
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
                request.Headers.TryAddWithoutValidation("If-Match", "*");
                using var answer = await Http.SendAsync(request);
                var text = await answer.Content.ReadAsStringAsync();
                Assert.True(
                    (int)answer.StatusCode is >= 400 and < 500,
                    $"STRATA_SEED={Seeded.Seed}: {method} {path} {Encoding.Latin1.GetString(body.AsSpan(0, Math.Min(200, body.Length)))} -> {answer.StatusCode} {text}");
                Assert.NotNull(JsonElement.Parse(text).GetProperty("properties").GetProperty("errorCode").GetString());
            }
        }
        Assert.Equal(head, await Host.Log.HeadAsync(Host.Org, default));
    }

    private static (string Method, string Path, string Type)[] Targets(string id) =>
    [
        ("POST", Items, "application/json"), ("POST", "/api/entity/XML/item/1", "application/xml"),
        ("POST", "/api/entity/JSON", "application/json"), ("PUT", "/api/entity/JSON", "application/json"),
        ("PUT", $"/api/entity/JSON/{id}", "application/json"), ("PUT", $"/api/entity/XML/{id}", "application/xml"),
        ("PATCH", $"/api/entity/JSON/{id}", "application/merge-patch+json"),
        ("DELETE", "/api/entity/item/1", "application/json"), ("POST", "/api/entity/stats/item/1/query", "application/json"),
        ("POST", "/api/message/new/a", "application/json"), ("DELETE", "/api/message", "application/json"),
    ];

    private static byte[] Bad(Random random) => random.Next(12) switch
    {
        0 => Encoding.UTF8.GetBytes(new string('[', 10_000)),
        1 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"name\":", 10_000)) + "1" + new string('}', 10_000)),
        2 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("<a>", 10_000)) + string.Concat(Enumerable.Repeat("</a>", 10_000))),
        3 => """{"name":"a","name":"b","n":1}"""u8.ToArray(),
        4 => """{"name":"a\u0000b","n":1}"""u8.ToArray(),
        5 => """{"name":"\udc00\ud800","n":1}"""u8.ToArray(),
        6 => [.. "{\"name\":\""u8, 0xed, 0xa0, 0x80, .. "\",\"n\":1}"u8],
        7 => [.. "{\"name\":\""u8, 0xc0, 0x80, .. "\",\"n\":1}"u8],
        8 => """{"name":"a","n":1}{"name":"b"}"""u8.ToArray(),
        9 => Encoding.UTF8.GetBytes("{\"name\":\"a\",\"n\":" + new string('9', random.Next(1001, 5_000)) + "}"),
        10 => "{\"name\":\"a\",\"n\":1,}"u8.ToArray(),
        _ => Noise(random),
    };

    private static byte[] Noise(Random random)
    {
        var bytes = new byte[random.Next(1, 500)];
        random.NextBytes(bytes);
        bytes[0] = (byte)'#';
        return bytes;
    }

    private static string Escaped(string text) => $"\"{string.Concat(text.Select(c => $"\\u{(int)c:x4}"))}\"";
}

public sealed class MemoryFuzzTests() : FuzzContract(new MemoryStore());

public sealed class PostgresFuzzTests(TestServer server) : FuzzContract(PostgresDatabase.Reused(server));

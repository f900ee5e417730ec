using System.Text.Json;
using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Entities;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests.Models;

/// <summary>Numbers keep their value, at any precision, from the body of a create to that of a read; no double stands between.</summary>
public abstract class PrecisionContract(IStore store) : EntityApiContract(store)
{
    private static readonly string[] Numbers =
    [
        "0.1", "-0", "-0.0", "1.50", "9007199254740993", "170141183460469231731687303715884105728",
        "-170141183460469231731687303715884105729",
        "1234567890123456789012345678901234567890", "0.1234567890123456789012345678901234567890",
        "12345678901234567890.12345678901234567890",
        "1e1000", "-1e1000", "1e-1000", "7.25E+300", "0e999", "123456789e-500", LongNumber(1000, ""), LongNumber(490, "e1000"),
        LongNumber(490, "e-1000"),
    ];

    [Fact]
    public async Task Number_IsReadAsItWasWritten()
    {
        await DefineAsync("number", $$"""{"v":[{{string.Join(',', Numbers)}}],"w":1}""");
        foreach (var number in Numbers)
        {
            var created = await Http.SendJsonAsync("POST", "/api/entity/JSON/number/1", $$"""{"v":[{{number}}]}""");
            Assert.True(created.Status == 200, $"{number}: {created.Body}");
            var id = created.Body[0].GetProperty("entityIds")[0].GetString()!;
            AssertSame(number, await GetAsync(id));
            // What a store gives back must be good enough to be sent again, and to be patched.
            Assert.Equal(
                200, (await Http.SendJsonAsync(
                    "PUT", $"/api/entity/JSON/{id}", (await GetAsync(id)).GetProperty("data").GetRawText())).Status);
            Assert.Equal(200, (await Http.PatchAsync($"/api/entity/JSON/{id}", """{"w":2}""", ("If-Match", "*"))).Status);
            AssertSame(number, await GetAsync(id));
        }
    }

    [Fact]
    public async Task Number_OfXml_KeepsItsValueToo()
    {
        await DefineAsync("number", $$"""{"v":[{{string.Join(',', Numbers)}}]}""");
        var body = $"<r>{string.Concat(Numbers.Append("0").Select(number => $"<v>{number}</v>"))}</r>";
        var created = await Http.SendJsonAsync("POST", "/api/entity/XML/number/1", body, "application/xml");
        Assert.True(created.Status == 200, created.Body.ToString());
        var read = (await GetAsync(created.Body[0].GetProperty("entityIds")[0].GetString()!)).GetProperty("data").GetProperty("v")
            .EnumerateArray().ToArray();
        for (var i = 0; i < Numbers.Length; i++)
            Assert.True(JsonElement.DeepEquals(JsonElement.Parse(Numbers[i]), read[i]), $"{Numbers[i]} is {read[i]}");
    }

    [Theory]
    [InlineData("1e1001")]
    [InlineData("1e-1001")]
    [InlineData("1e99999999999999999999")]
    public async Task Number_BeyondTheBounds_IsRefused(string number) =>
        Assert.Equal(400, (await Http.SendJsonAsync("POST", Items, $$"""{"n":{{number}}}""")).Status);

    private static void AssertSame(string number, JsonElement entity)
    {
        var read = entity.GetProperty("data").GetProperty("v")[0];
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(number), read), $"{number} is {read}");
    }

    private static string LongNumber(int digits, string exponent) =>
        string.Concat(Enumerable.Range(1, digits).Select(i => (char)('0' + (i % 9) + 1))) + exponent;
}

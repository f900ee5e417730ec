using System.Text;

namespace Strata.Core.Tests;

public class JsonGuardTests
{
    [Theory]
    [InlineData("""{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}""")]
    [InlineData("0.1234567890123456789012345678901234567890")]
    [InlineData("\"\\ud83d\\ude00 é\"")]
    [InlineData("1e+30")]
    public void Check_GoodJson_IsKeptAsItIs(string json) =>
        Assert.Equal(json, JsonGuard.Check(Encoding.UTF8.GetBytes(json)).Value.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("{} {}")]
    [InlineData("{\"a\":1,\"a\":2}")]
    [InlineData("{\"a\":1,\"\\u0061\":2}")]
    [InlineData("\"\\u0000\"")]
    [InlineData("{\"\\u0000\":1}")]
    [InlineData("\"\\ud800\"")]
    [InlineData("1e9999999")]
    [InlineData("1e99999999999999999999")]
    [InlineData("[1,]")]
    [InlineData("NaN")]
    public void Check_BadJson_IsRefused(string json) =>
        Assert.Equal("INVALID_JSON", JsonGuard.Check(Encoding.UTF8.GetBytes(json)).Error?.Code);

    [Theory]
    [InlineData(498, 1000, true)]
    [InlineData(499, 1000, false)]
    [InlineData(498, -1000, true)]
    [InlineData(1500, 0, true)]
    [InlineData(1501, 0, false)]
    public void Check_LongNumber_IsBoundedAsWrittenWithoutExponent(int digits, int exponent, bool isGood)
    {
        var number = new string('7', digits) + (exponent == 0 ? "" : $"e{exponent}");
        Assert.Equal(isGood, JsonGuard.Check(Encoding.UTF8.GetBytes(number)).IsOk);
    }

    /// <summary>
    /// Random nested objects of few and of many names, some of them spelt with escapes: a name twice in one object is found, and nothing
    /// else is.
    /// </summary>
    [Fact]
    public void Check_NamesAtRandom_FindsThoseThatStandTwice()
    {
        var random = Seeded.Random();
        for (var round = 0; round < 2000; round++)
        {
            var isTwice = false;
            var json = Write(random, 0, ref isTwice);
            Assert.True(
                JsonGuard.Check(Encoding.UTF8.GetBytes(json)).IsOk == !isTwice, $"STRATA_SEED={Seeded.Seed}, round {round}: {json}");
        }
    }

    private static string Write(Random random, int depth, ref bool isTwice)
    {
        if (depth == 4 || random.Next(3) == 0) return "1";
        var seen = new HashSet<int>();
        var members = new List<string>();
        for (var i = random.Next(random.Next(2) == 0 ? 5 : 40); i > 0; i--)
        {
            var name = random.Next(2000);
            isTwice |= !seen.Add(name);
            var text = random.Next(10) == 0 ? $"\\u006e{name}" : $"n{name}";
            members.Add($"\"{text}\":{(i % 7 == 0 ? Write(random, depth + 1, ref isTwice) : "[{}]")}");
        }
        return $"{{{string.Join(',', members)}}}";
    }

    [Theory]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(5000)]
    public void Check_NameTwice_IsFoundAmongAnyNumber(int names)
    {
        var plain = Enumerable.Range(0, names).Select(i => $"\"n{i}\":{{\"n0\":0}}").ToArray();
        Assert.True(Good(plain));
        for (var i = 0; i < names; i += Math.Max(1, names / 7))
        {
            Assert.False(Good([.. plain, $"\"n{i}\":1"]));
            Assert.False(Good([.. plain, $"\"\\u006e{i}\":1"]));
            Assert.False(Good([$"\"\\u006e{i}\":1", .. plain]));
        }

        static bool Good(string[] members) =>
            JsonGuard.Check(Encoding.UTF8.GetBytes($"[{{\"n0\":{{{string.Join(',', members)}}}}},{{{string.Join(',', members)}}}]")).IsOk;
    }

    [Fact]
    public void Check_ManyOpenObjectsWithManyNames_KeepsThemApart()
    {
        var inner = "1";
        for (var i = 0; i < 90; i++) inner = $"{{\"a\":1,\"b\":[],\"c\":{{}},\"d\":{inner},\"e\":2}}";
        Assert.True(JsonGuard.Check(Encoding.UTF8.GetBytes(inner)).IsOk);
        Assert.False(JsonGuard.Check(Encoding.UTF8.GetBytes(inner.Replace("\"e\":2}", "\"a\":2}", StringComparison.Ordinal))).IsOk);
    }

    [Fact]
    public void Check_InvalidUtf8_IsRefused() =>
        Assert.Equal("INVALID_JSON", JsonGuard.Check(new byte[] { (byte)'"', 0xff, (byte)'"' }).Error?.Code);

    [Fact]
    public void Check_TooDeep_IsRefused()
    {
        var json = new string('[', JsonGuard.DepthMax + 1) + new string(']', JsonGuard.DepthMax + 1);
        Assert.Equal("INVALID_JSON", JsonGuard.Check(Encoding.UTF8.GetBytes(json)).Error?.Code);
    }
}

using System.Text;
using Strata.Core;
using Strata.EntityApi.Messages;

namespace Strata.EntityApi.Tests.Messages;

public sealed class JsonScannerTests
{
    private const string Structure = "{}[]\",:\\/0123456789eE+-.utrfalsn \t\n";

    [Theory]
    [InlineData("""{"payload":{"a":[1,2,{"b":"}"}]},"x":1}""", """{"a":[1,2,{"b":"}"}]}""")]
    [InlineData("""{"payload" : "te\"xt" }""", "\"te\\\"xt\"")]
    [InlineData("""{"x":[{}],"payload":-1.5e3}""", "-1.5e3")]
    [InlineData("""{"payload":null,"y":true}""", "null")]
    [InlineData("""{"payload":[ 1 , 2 ] }""", "[ 1 , 2 ]")]
    [InlineData("""{"p\u0061yload":[]}""", "[]")]
    public void Read_TellsTheMembersBytes(string json, string payload)
    {
        var (fault, found) = Read(Encoding.UTF8.GetBytes(json));
        Assert.Null(fault);
        Assert.Equal(payload, found);
    }

    /// <summary>It must refuse and admit what the guard does, which holds the whole text.</summary>
    [Fact]
    public void Read_AgreesWithTheGuard_OnMutatedObjects()
    {
        var random = Seeded.Random();
        byte[][] samples =
        [
            .. new[] { """{"payload":{"a":[1,-2.5e3,true,null,"x"],"b":{}},"metaData":{"k":"v"}}""", """{"payload":"\u00e4\ud83d\ude00\n","m":[[],[{}]]}""", """{"ü💩":"ä\\","n":0.10}""" }
                .Select(Encoding.UTF8.GetBytes),
        ];
        for (var n = 0; n < 20_000; n++)
        {
            var bytes = (byte[])samples[random.Next(samples.Length)].Clone();
            for (var i = random.Next(4); i > 0; i--) bytes[random.Next(bytes.Length)] = Any(random);
            var isGood = JsonGuard.Check(bytes).TryGet(out var json, out _)
                && json.Parse().RootElement.ValueKind == System.Text.Json.JsonValueKind.Object;
            Assert.True(isGood == (Read(bytes).Fault is null),
                $"STRATA_SEED={Seeded.Seed}: {Convert.ToHexString(bytes)} {Encoding.UTF8.GetString(bytes)} is {(isGood ? "good" : "bad")}");
        }
    }

    [Fact]
    public void Read_TooDeepOrTooManyNames_IsAFault()
    {
        Assert.NotNull(Read(Encoding.UTF8.GetBytes("{\"payload\":" + new string('[', 10_000))).Fault);
        Assert.NotNull(
            Read(Encoding.UTF8.GetBytes("{\"payload\":{"
                + string.Join(',', Enumerable.Range(0, JsonScanner.NamesMax + 1).Select(i => $"\"{i}\":1")) + "}}")).Fault);
    }

    private static byte Any(Random random) =>
        random.Next(3) switch { 0 => (byte)Structure[random.Next(Structure.Length)], 1 => (byte)random.Next(0x80, 0x100),
            _ => (byte)random.Next(256) };

    private static (string? Fault, string Payload) Read(byte[] json)
    {
        var scanner = new JsonScanner();
        var payload = new List<byte>();
        foreach (var b in json)
        {
            if (scanner.Read(b) && scanner.Member == "payload") payload.Add(b);
            if (scanner.Fault is { } fault) return (fault.Message, "");
        }
        return (scanner.IsComplete ? null : "not complete", Encoding.UTF8.GetString([.. payload]));
    }
}

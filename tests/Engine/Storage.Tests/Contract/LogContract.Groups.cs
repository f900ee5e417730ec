using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

/// <summary>Counts and groups, now and then.</summary>
public abstract partial class LogContract
{
    [Fact]
    public async Task Count_ByModelAndState_NowAndThen()
    {
        var (a, b) = (Entity(), Entity());
        var first = await Log.CommitAsync(
            tenant, Create(a, state: "NEW"), Create(b, state: "NEW"), Create(Entity(), state: "X", model: new ModelKey("order", 2)));
        await Log.CommitAsync(tenant, Update(a, first.Revision, state: "DONE"), Delete(b, first.Revision));
        await Log.CommitAsync(Given.Tenant(), Create(Entity(), state: "NEW"));

        Assert.Equal([("order.1", "DONE", 1), ("order.2", "X", 1)], await CountsAsync(null, AsOf.Latest));
        Assert.Equal([("order.1", "DONE", 1)], await CountsAsync(Order, AsOf.Latest));
        Assert.Equal([("order.1", "NEW", 2), ("order.2", "X", 1)], await CountsAsync(null, AsOf.At(first.Revision)));
        Assert.Equal([("order.1", "NEW", 2)], await CountsAsync(Order, AsOf.At(first.At)));
        Assert.Empty(await CountsAsync(null, AsOf.At(first.At.AddSeconds(-1))));
    }

    [Fact]
    public async Task Group_ByValueAndState_KeepsTypesApart()
    {
        string[] values = ["1", "1.0", "1.00e0", "\"1\"", "true", "null", "{}", "[1]", "\"ü\\n\"", "-0.50"];
        foreach (var value in values) await Log.CommitAsync(tenant, Create(Entity(), "{\"a\":{\"b.c\":" + value + "}}"));
        await Log.CommitAsync(tenant, Create(Entity(), "{}", state: "OTHER"));

        var groups = await Log.GroupAsync(Grouped(["$.a['b.c']", "state"], []), default);
        Assert.Equal(
            ["\"1\" \"NEW\" 1", "\"ü\\n\" \"NEW\" 1", "-0.5 \"NEW\" 1", "1 \"NEW\" 3", "null \"NEW\" 3", "null \"OTHER\" 1",
                "true \"NEW\" 1"],
            groups.Select(g => $"{string.Join(' ', g.Key.Select(k => k?.ToString() ?? "null"))} {g.Count}").Order(StringComparer.Ordinal));
        Assert.Equal(3, (await Log.GroupAsync(Grouped(["$.a['b.c']"], []) with { Limit = 3 }, default)).Count);
    }

    [Fact]
    public async Task Group_AddsUpExactly()
    {
        const string Large = "170141183460469231731687303715884105728"; // 2^127
        string[] values = ["0.1", "0.2", Large, "-1e-30", "\"text\"", "null", "\"also text\""];
        foreach (var value in values) await Log.CommitAsync(tenant, Create(Entity(), $$"""{"n":{{value}}}"""));

        var sums = Assert.Single(await Log.GroupAsync(Grouped(["state"], ["$.n", "$.none"]), default)).Fields;
        Assert.Equal(4, sums[0].Count);
        Assert.Equal("170141183460469231731687303715884105728.299999999999999999999999999999", sums[0].Sum);
        Assert.Equal(("-0.000000000000000000000000000001", Large), (sums[0].Min, sums[0].Max));
        Assert.Equal(
            "28948022309329048855892746252171976963317496166410141009864396001978282409984.050000000000000000000000000000000000000000000000000000000001", sums[0].Squares);
        Assert.Equal(("also text", "text"), (sums[0].MinText, sums[0].MaxText));
        Assert.Equal(new FieldSums(0, null, null, null, null, null, null), sums[1]);
    }

    [Fact]
    public async Task Group_OfThePast_AndByCondition()
    {
        var a = Entity();
        var first = await Log.CommitAsync(tenant, Create(a, """{"n":1}"""), Create(Entity(), """{"n":5}"""));
        await Log.CommitAsync(tenant, Update(a, first.Revision, """{"n":7}"""));
        var high = new Condition.Compare(new Field.Path(JsonPath.Parse("$.n")), Operator.Greater, [JsonText.FromString("4")]);
        var grouping = Grouped(["state"], ["$.n"]) with { Where = high };
        Assert.Equal("12", Assert.Single(await Log.GroupAsync(grouping, default)).Fields[0].Sum);
        Assert.Equal("5", Assert.Single(await Log.GroupAsync(grouping with { AsOf = AsOf.At(first.Revision) }, default)).Fields[0].Sum);
        Assert.Empty(await Log.GroupAsync(grouping with { AsOf = AsOf.At(first.At.AddSeconds(-1)) }, default));
    }

    private async Task<IEnumerable<(string, string, long)>> CountsAsync(ModelKey? model, AsOf asOf) =>
        (await Log.CountAsync(tenant, model, asOf, default)).Select(c => (c.Model.ToString(), c.State, c.Count)).Order();

    private Grouping Grouped(string[] keys, string[] fields) => new()
    {
        Tenant = tenant,
        Model = Order,
        Keys = [.. keys.Select(k => k == "state" ? (Field)new Field.Meta(MetaField.State) : new Field.Path(JsonPath.Parse(k)))],
        Fields = [.. fields.Select(JsonPath.Parse)],
        Limit = 100,
    };
}

using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Tests.Contract;

public abstract class DurableValuesContract(IStore store)
{
    private readonly TenantId tenant = Given.Tenant();

    private IDurableValues Values => store.DurableValues;

    [Fact]
    public async Task Write_Again_ReplacesTheValueOfThisTenantOnly()
    {
        Assert.Null(await Values.ReadAsync(tenant, "a", default));
        await WriteAsync("a", "1");
        await WriteAsync("a", "2");
        Given.SameJson("2", (await Values.ReadAsync(tenant, "a", default))!.Value);
        Assert.Null(await Values.ReadAsync(Given.Tenant(), "a", default));
    }

    [Fact]
    public async Task TryAdd_OfManyAtOnce_SucceedsOnce()
    {
        var added = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            Values.TryAddAsync(tenant, "once", JsonText.FromString($"{i}"), default).AsTask()));
        var first = Assert.Single(Enumerable.Range(0, 20), i => added[i]);
        Given.SameJson($"{first}", (await Values.ReadAsync(tenant, "once", default))!.Value);
        Assert.True(await Values.TryAddAsync(Given.Tenant(), "once", JsonText.FromString("1"), default));
        await Values.DeleteAsync(tenant, "once", default);
        Assert.True(await Values.TryAddAsync(tenant, "once", JsonText.FromString("1"), default));
    }

    [Fact]
    public async Task List_ByPrefix_PagesByName()
    {
        foreach (var name in (string[])["w/1/dead/2", "w/1/dead/1", "w/1/position", "w/2/dead/3", "w/1/dead/3\U0010FFFE"])
            await WriteAsync(name, "{}");
        Assert.Equal(["w/1/dead/1", "w/1/dead/2"], (await Values.ListAsync(tenant, "w/1/dead/", null, 2, default)).Select(m => m.Name));
        Assert.Equal(["w/1/dead/3\U0010FFFE"], (await Values.ListAsync(tenant, "w/1/dead/", "w/1/dead/2", 2, default)).Select(m => m.Name));
    }

    [Fact]
    public async Task Delete_ByPrefix_LeavesTheOthers()
    {
        foreach (var name in (string[])["w/1/a", "w/1/b", "w/2/a"]) await WriteAsync(name, "{}");
        await Values.DeleteAsync(tenant, "w/1/", default);
        Assert.Equal(["w/2/a"], (await Values.ListAsync(tenant, "w/", null, 10, default)).Select(m => m.Name));
    }

    [Fact]
    public async Task Write_TooLong_Throws() =>
        await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync("a", $"\"{new string('x', IDurableValues.ValueBytesMax)}\"").AsTask());

    private ValueTask WriteAsync(string name, string value) => Values.WriteAsync(tenant, name, JsonText.FromString(value), default);
}

public sealed class MemoryMarksTests(MemoryStore store) : DurableValuesContract(store), IClassFixture<MemoryStore>;

public sealed class PostgresMarksTests(PostgresDatabase store) : DurableValuesContract(store), IClassFixture<PostgresDatabase>;

using Strata.Core;
using Strata.Entities.Log;
using static Strata.Storage.Tests.Contract.Given;

namespace Strata.Storage.Tests.Contract;

/// <summary>What every implementation of leases must do.</summary>
public abstract class LeasesContract(IStore store)
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);
    private readonly string name = "lease-" + Guid.CreateVersion7();

    private ILeases Leases => store.Leases;

    [Fact]
    public async Task TryHold_WhatAnotherHolds_IsRefused()
    {
        Assert.True(await HoldAsync("a", Long));
        Assert.False(await HoldAsync("b", Long));
        Assert.True(await HoldAsync("a", Long));
        Assert.Equal("a", await HolderAsync());
    }

    [Fact]
    public async Task Release_OfTheTerm_LetsTheNextIn()
    {
        var epoch = (await EpochAsync("a", Long))!.Value;
        await Leases.ReleaseAsync(name, epoch + 1, CancellationToken.None);
        Assert.Equal("a", await HolderAsync());
        await Leases.ReleaseAsync(name, epoch, CancellationToken.None);
        Assert.Null(await HolderAsync());
        Assert.True(await HoldAsync("b", Long));
    }

    [Fact]
    public async Task Renew_OfATermThatIsHeld_Lengthens()
    {
        var epoch = (await EpochAsync("a", TimeSpan.FromSeconds(30)))!.Value;
        Assert.True(await Leases.RenewAsync(name, epoch, Long, CancellationToken.None));
        Assert.Equal(epoch, await EpochAsync("a", Long));
    }

    [Fact]
    public async Task Renew_AfterTheTermIsOver_TakesNothing()
    {
        var lapsed = (await EpochAsync("a", TimeSpan.FromMilliseconds(1)))!.Value;
        await Poll.UntilAsync(async () => await HolderAsync() is null);
        Assert.False(await Leases.RenewAsync(name, lapsed, Long, CancellationToken.None));
        Assert.Null(await HolderAsync());
        var released = (await EpochAsync("a", Long))!.Value;
        await Leases.ReleaseAsync(name, released, CancellationToken.None);
        Assert.False(await Leases.RenewAsync(name, released, Long, CancellationToken.None));
        var others = (await EpochAsync("b", Long))!.Value;
        Assert.False(await Leases.RenewAsync(name, released, Long, CancellationToken.None));
        Assert.Equal(("b", others), (await HolderAsync(), (await EpochAsync("b", Long))!.Value));
    }

    [Fact]
    public async Task Release_OfAFormerTermOfTheSameHolder_LeavesTheLaterOne()
    {
        var former = (await EpochAsync("a", Long))!.Value;
        var later = await Leases.TakeOverAsync(name, "a", Long, CancellationToken.None);
        await Leases.ReleaseAsync(name, former, CancellationToken.None);
        Assert.Equal("a", await HolderAsync());
        Assert.Equal(later, await EpochAsync("a", Long));
    }

    [Fact]
    public async Task ReleaseAll_ByPrefix_FreesThemWhoeverHoldsThem()
    {
        await HoldAsync("a", Long);
        await Leases.ReleaseAllAsync("no-" + name, CancellationToken.None);
        Assert.Equal("a", await HolderAsync());
        await Leases.ReleaseAllAsync(name[..^1], CancellationToken.None);
        Assert.Null(await HolderAsync());
    }

    [Fact]
    public async Task TryHold_AfterTheTime_IsGranted()
    {
        await HoldAsync("a", TimeSpan.FromMilliseconds(50));
        await Poll.UntilAsync(async () => await HoldAsync("b", Long));
        Assert.False(await HoldAsync("a", Long));
        Assert.Equal("b", await HolderAsync());
    }

    [Fact]
    public async Task TryHold_ByManyAtOnce_GrantsOne()
    {
        var granted = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => HoldAsync($"holder-{i}", Long))));
        Assert.Single(granted, g => g);
    }

    [Fact]
    public async Task TryHold_RenewedInTime_KeepsItsEpoch()
    {
        var first = await EpochAsync("a", Long);
        Assert.NotNull(first);
        Assert.Equal(first, await EpochAsync("a", Long));
    }

    [Fact]
    public async Task TryHold_ByAnotherTerm_GetsAHigherEpoch()
    {
        var first = await EpochAsync("a", Long);
        await Leases.ReleaseAsync(name, first!.Value, CancellationToken.None);
        var second = await EpochAsync("a", TimeSpan.FromMilliseconds(50));
        Assert.True(second > first, "The number of a term that was given up must not come back.");
        await Poll.UntilAsync(async () => await HolderAsync() is null);
        var third = await EpochAsync("a", Long);
        Assert.True(third > second, "A lease that had lapsed is a new term, also for its former holder.");
    }

    [Fact]
    public async Task TakeOver_WhatAnotherHolds_GetsAHigherEpoch()
    {
        var first = await EpochAsync("a", Long);
        var second = await Leases.TakeOverAsync(name, "b", Long, CancellationToken.None);
        Assert.True(second > first);
        Assert.Null(await EpochAsync("a", Long));
        Assert.Equal(second, await EpochAsync("b", Long));
    }

    [Fact]
    public async Task TryTakeOver_FromTheHolderThatWasSeen_AndFromNoOther()
    {
        var first = await EpochAsync("a", Long);
        var second = await Leases.TryTakeOverAsync(name, "b", "a", Long, CancellationToken.None);
        Assert.True(second > first);
        Assert.Null(await Leases.TryTakeOverAsync(name, "c", "a", Long, CancellationToken.None));
        Assert.Equal("b", await HolderAsync());
        await Leases.ReleaseAsync(name, second!.Value, CancellationToken.None);
        Assert.True(await Leases.TryTakeOverAsync(name, "c", "a", Long, CancellationToken.None) > second);
    }

    [Fact]
    public async Task Append_WithTheFenceOfTheHolder_IsCommitted()
    {
        var fence = new Fence(name, (await EpochAsync("a", Long))!.Value);
        Assert.IsType<AppendOutcome.Committed>(await AppendAsync(fence));
        await EpochAsync("a", Long);
        Assert.IsType<AppendOutcome.Committed>(await AppendAsync(fence));
    }

    [Fact]
    public async Task Append_WithTheFenceOfAFormerHolder_IsRefused()
    {
        var fence = new Fence(name, (await EpochAsync("a", Long))!.Value);
        await Leases.TakeOverAsync(name, "b", Long, CancellationToken.None);
        Assert.Equal(new AppendOutcome.Fenced(fence), await AppendAsync(fence));
        await Leases.ReleaseAllAsync(name, CancellationToken.None);
        Assert.Equal(new AppendOutcome.Fenced(fence), await AppendAsync(fence));
    }

    [Fact]
    public async Task Append_AmongOthers_RefusesOnlyWhatIsFenced()
    {
        var (stale, tenant) = (new Fence(name, -1), Tenant());
        var held = new Fence(name, (await EpochAsync("a", Long))!.Value);
        var commits = Enumerable.Range(0, 30).Select(
            i => Commit(tenant, Create(Entity())) with { Fence = (i % 3) switch { 0 => null, 1 => held, _ => stale } }).ToList();
        var outcomes = await Task.WhenAll(commits.Select(async commit => await store.Log.AppendAsync(commit, CancellationToken.None)));
        for (var i = 0; i < outcomes.Length; i++) Assert.Equal(i % 3 == 2, outcomes[i] is AppendOutcome.Fenced);
        Assert.Equal(new Revision(20), await store.Log.HeadAsync(tenant, CancellationToken.None));
    }

    [Fact]
    public async Task Append_SentAgainAfterTheTerm_IsAlreadyCommitted()
    {
        var fence = new Fence(name, (await EpochAsync("a", Long))!.Value);
        var commit = Commit(Tenant(), Create(Entity())) with { Fence = fence };
        var first = await store.Log.CommitAsync(commit);
        await Leases.ReleaseAsync(name, fence.Epoch, CancellationToken.None);
        Assert.Equal(
            new AppendOutcome.AlreadyCommitted(first.Revision, first.At), await store.Log.AppendAsync(commit, CancellationToken.None));
    }

    [Fact]
    public async Task Mark_WithTheFenceOfAFormerHolder_IsNotWritten()
    {
        var (tenant, fence) = (Tenant(), new Fence(name, (await EpochAsync("a", Long))!.Value));
        Assert.True(await store.DurableValues.WriteAsync(tenant, "m", JsonText.FromString("1"), fence, default));
        Assert.True(await store.DurableValues.WriteAsync(tenant, "m", JsonText.FromString("2"), fence, default));
        await Leases.TakeOverAsync(name, "b", Long, CancellationToken.None);
        Assert.False(await store.DurableValues.WriteAsync(tenant, "m", JsonText.FromString("3"), fence, default));
        SameJson("2", (await store.DurableValues.ReadAsync(tenant, "m", default))!.Value);
    }

    [Fact]
    public async Task Marks_WithTheFenceOfAFormerHolder_AreNotDeleted()
    {
        var (tenant, fence) = (Tenant(), new Fence(name, (await EpochAsync("a", Long))!.Value));
        await store.DurableValues.WriteAsync(tenant, "m", JsonText.FromString("1"), default);
        Assert.True(await store.DurableValues.DeleteAsync(tenant, "m", fence, default));
        Assert.Null(await store.DurableValues.ReadAsync(tenant, "m", default));
        await store.DurableValues.WriteAsync(tenant, "m", JsonText.FromString("2"), default);
        await Leases.TakeOverAsync(name, "b", Long, CancellationToken.None);
        Assert.False(await store.DurableValues.DeleteAsync(tenant, "m", fence, default));
        SameJson("2", (await store.DurableValues.ReadAsync(tenant, "m", default))!.Value);
    }

    private ValueTask<AppendOutcome> AppendAsync(Fence fence) =>
        store.Log.AppendAsync(Commit(Tenant(), Create(Entity())) with { Fence = fence }, CancellationToken.None);

    private async Task<bool> HoldAsync(string holder, TimeSpan duration) => await EpochAsync(holder, duration) is not null;

    private async Task<long?> EpochAsync(string holder, TimeSpan duration) =>
        await Leases.TryHoldAsync(name, holder, duration, CancellationToken.None);

    private ValueTask<string?> HolderAsync() => Leases.HolderAsync(name, CancellationToken.None);
}

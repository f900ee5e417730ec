using Strata.Entities.Log;

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
    public async Task Release_ByItsHolder_LetsTheNextIn()
    {
        await HoldAsync("a", Long);
        await Leases.ReleaseAsync(name, "b", CancellationToken.None);
        Assert.Equal("a", await HolderAsync());
        await Leases.ReleaseAsync(name, "a", CancellationToken.None);
        Assert.Null(await HolderAsync());
        Assert.True(await HoldAsync("b", Long));
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

    private async Task<bool> HoldAsync(string holder, TimeSpan duration) => await Leases.TryHoldAsync(name, holder, duration, CancellationToken.None);

    private ValueTask<string?> HolderAsync() => Leases.HolderAsync(name, CancellationToken.None);
}

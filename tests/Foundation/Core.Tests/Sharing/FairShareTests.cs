using Strata.Core.Sharing;

namespace Strata.Core.Tests.Sharing;

public sealed class FairShareTests
{
    private static readonly TenantId A = TenantId.New(TimeProvider.System);
    private static readonly TenantId B = TenantId.New(TimeProvider.System);
    private static readonly TenantId C = TenantId.New(TimeProvider.System);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void TryTake_OneOrganizationAsksForAll_GetsItsMaximum()
    {
        var share = new FairShare("tunnels", new ShareSize(10));
        var taken = TakeAll(share, A);
        Assert.Equal(5, taken.Count);
        var error = share.TryTake(A).Error!;
        Assert.Equal(("SHARE_EXHAUSTED", ErrorKind.TooMany, true), (error.Code, error.Kind, error.Retryable));
        Assert.Equal("This organization uses 5 tunnels on this server, and may use 5 of 10.", error.Message);
    }

    [Fact]
    public void TryTake_OthersTookAllTheyMay_OneWithNothingInUseIsAdmitted()
    {
        var share = new FairShare("tunnels", new ShareSize(10) { PerOrganizationMax = 10, Reserve = 1 });
        Assert.Equal(9, TakeAll(share, A).Count);
        Assert.Equal(ErrorKind.Unavailable, share.TryTake(A).Error!.Kind);
        Assert.True(share.TryTake(B).IsOk);
        Assert.False(share.TryTake(B).IsOk); // has one now, and the reserve is used
        Assert.Equal(10, share.Used);
    }

    [Fact]
    public void TryTake_OnlyOneOrganizationExists_GetsEverything()
    {
        var shared = false;
        var share = new FairShare("build slots", new ShareSize(8) { IsShared = () => shared });
        var taken = TakeAll(share, A);
        Assert.Equal(8, taken.Count);
        taken.ForEach(t => t.Dispose());
        shared = true;
        Assert.Equal(4, TakeAll(share, A).Count);
        Assert.True(share.TryTake(B).IsOk);
    }

    [Fact]
    public void Dispose_Twice_ReturnsOnePlace()
    {
        var share = new FairShare("tunnels", new ShareSize(4) { PerOrganizationMax = 2, Reserve = 0 });
        var first = share.TryTake(A).Value;
        var second = share.TryTake(A).Value;
        first.Dispose();
        first.Dispose();
        Assert.Equal((1, 1), (share.Used, share.UsedBy(A)));
        second.Dispose();
        Assert.Equal((0, 0), (share.Used, share.UsedBy(A)));
    }

    [Fact]
    public async Task TakeAsync_ManyOfOneWaitBeforeOneOfAnother_TurnsAlternate()
    {
        var share = new FairShare("build slots", new ShareSize(1));
        var held = share.TryTake(C).Value;
        var order = new List<string>();
        var waits = new List<Task>();
        foreach (var (name, tenant) in new[] { ("a1", A), ("a2", A), ("a3", A), ("b1", B), ("b2", B) })
        {
            waits.Add(TakeInTurnAsync(name, tenant));
        }
        Assert.Equal((3, 2), (share.WaitingOf(A), share.WaitingOf(B)));
        held.Dispose();
        await Task.WhenAll(waits);
        Assert.Equal(["a1", "b1", "a2", "b2", "a3"], order);
        Assert.Equal(0, share.Used);

        async Task TakeInTurnAsync(string name, TenantId tenant)
        {
            using var place = (await share.TakeAsync(tenant, Timeout.InfiniteTimeSpan, TimeProvider.System, Stop)).Value;
            lock (order) order.Add(name);
        }
    }

    [Fact]
    public async Task TakeAsync_PatienceEnds_IsRefusedAndLeavesNothing()
    {
        var share = new FairShare("build slots", new ShareSize(2));
        using var held = share.TryTake(A).Value;
        var error = (await share.TakeAsync(A, TimeSpan.FromMilliseconds(20), TimeProvider.System, Stop)).Error!;
        Assert.Equal(("SHARE_EXHAUSTED", ErrorKind.TooMany), (error.Code, error.Kind));
        Assert.Equal((1, 0), (share.Used, share.WaitingOf(A)));
    }

    [Fact]
    public async Task TakeAsync_Cancelled_LeavesNothing()
    {
        var share = new FairShare("build slots", new ShareSize(1));
        var held = share.TryTake(A).Value;
        using var cancellation = new CancellationTokenSource();
        var waiting = share.TakeAsync(B, Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        held.Dispose();
        Assert.Equal((0, 0), (share.Used, share.WaitingOf(B)));
    }

    [Fact]
    public async Task TakeAsync_TooManyOfOneOrganizationWait_IsRefusedAtOnce()
    {
        var share = new FairShare("build slots", new ShareSize(1), waitingPerOrganizationMax: 1);
        var held = share.TryTake(C).Value;
        var first = share.TakeAsync(A, Timeout.InfiniteTimeSpan, TimeProvider.System, Stop).AsTask();
        Assert.False((await share.TakeAsync(A, Timeout.InfiniteTimeSpan, TimeProvider.System, Stop)).IsOk);
        var other = share.TakeAsync(B, Timeout.InfiniteTimeSpan, TimeProvider.System, Stop).AsTask();
        held.Dispose();
        (await first).Value.Dispose();
        (await other).Value.Dispose();
        Assert.Equal(0, share.Used);
    }

    [Fact]
    public async Task TakeAndDispose_ByManyAtOnce_NeverExceedsItsBoundsAndEndsEmpty()
    {
        var share = new FairShare("places", new ShareSize(6) { PerOrganizationMax = 3, Reserve = 1 });
        var inUse = new int[4];
        var tenants = Enumerable.Range(0, 4).Select(_ => TenantId.New(TimeProvider.System)).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(() => WorkAsync(i), Stop)));
        Assert.Equal(0, share.Used);
        Assert.All(tenants, t => Assert.Equal((0, 0), (share.UsedBy(t), share.WaitingOf(t))));

        async Task WorkAsync(int worker)
        {
            var random = Seeded.Random(worker);
            for (var i = 0; i < 200; i++)
            {
                var organization = random.Next(tenants.Length);
                var patience = random.Next(10) == 0 ? TimeSpan.FromMilliseconds(1) : Timeout.InfiniteTimeSpan;
                var taken = random.Next(3) == 0 ? share.TryTake(tenants[organization])
                    : await share.TakeAsync(tenants[organization], patience, TimeProvider.System, Stop);
                if (!taken.IsOk) continue;
                Assert.InRange(Interlocked.Increment(ref inUse[organization]), 1, 3);
                Assert.InRange(inUse.Sum(), 0, 6);
                await Task.Yield();
                Interlocked.Decrement(ref inUse[organization]);
                taken.Value.Dispose();
            }
        }
    }

    private static List<ShareLease> TakeAll(FairShare share, TenantId tenant)
    {
        var taken = new List<ShareLease>();
        while (share.TryTake(tenant).TryGet(out var lease, out _)) taken.Add(lease);
        return taken;
    }
}

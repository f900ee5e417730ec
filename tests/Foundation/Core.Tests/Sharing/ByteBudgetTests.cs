using Strata.Core.Sharing;

namespace Strata.Core.Tests.Sharing;

public sealed class ByteBudgetTests
{
    private static readonly TenantId A = TenantId.New(TimeProvider.System);
    private static readonly TenantId B = TenantId.New(TimeProvider.System);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void TryReserve_BeyondTheOrganizationsBytes_IsServerBusyForItAlone()
    {
        var budget = new ByteBudget("lists", new ShareSize(1000));
        using var held = budget.TryReserve(A, 500).Value;
        var error = budget.TryReserve(A, 1).Error!;
        Assert.Equal(("SERVER_BUSY", ErrorKind.Unavailable, true), (error.Code, error.Kind, error.Retryable));
        using var other = budget.TryReserve(B, 100).Value;
        Assert.Equal((600, 500, 100), (budget.Used, budget.UsedBy(A), budget.UsedBy(B)));
    }

    [Fact]
    public void TryReserve_MoreThanOneOrganizationMayUse_CountsAsThatMuch()
    {
        var budget = new ByteBudget("lists", new ShareSize(1000));
        using var large = budget.TryReserve(A, 5000).Value;
        Assert.Equal(500, large.Amount);
        Assert.False(budget.TryReserve(A, 1).IsOk);
    }

    [Fact]
    public void Return_APart_FreesItForOthers()
    {
        var budget = new ByteBudget("lists", new ShareSize(1000));
        var lease = budget.TryReserve(A, 500).Value;
        lease.Return(200);
        Assert.Equal((300, 300), (lease.Amount, budget.Used));
        lease.Return(1000);
        lease.Dispose();
        Assert.Equal((0, 0), (lease.Amount, budget.Used));
    }

    [Fact]
    public void Charge_BeyondTheBound_IsCountedAndKeepsOthersOut()
    {
        var budget = new ByteBudget("lists", new ShareSize(1000));
        var lease = budget.TryReserve(A, 10).Value;
        lease.Charge(700);
        Assert.Equal((710, 710), (lease.Amount, budget.UsedBy(A)));
        Assert.False(budget.TryReserve(A, 1).IsOk);
        Assert.True(budget.TryReserve(B, 100).IsOk);
        lease.Dispose();
        Assert.True(budget.TryReserve(A, 1).IsOk);
    }

    [Fact]
    public async Task ReserveAsync_LargeOneWaits_IsNotOvertakenForEver()
    {
        var budget = new ByteBudget("lists", new ShareSize(1000) { PerOrganizationMax = 1000, Reserve = 0 });
        var first = budget.TryReserve(B, 600).Value;
        var large = budget.ReserveAsync(A, 900, Timeout.InfiniteTimeSpan, TimeProvider.System, Stop).AsTask();
        var small = budget.ReserveAsync(B, 100, Timeout.InfiniteTimeSpan, TimeProvider.System, Stop).AsTask();
        Assert.False(small.IsCompleted); // it would fit, but the large one is first
        first.Dispose();
        var lease = (await large).Value;
        Assert.Equal(900, lease.Amount);
        (await small).Value.Dispose();
        lease.Dispose();
        Assert.Equal(0, budget.Used);
    }
}

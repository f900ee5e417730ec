using Strata.Core;
using Strata.Resources.Controllers;

namespace Strata.Resources.Tests.Controllers;

public sealed class WorkQueueTests
{
    private static readonly WorkKey A = Key(1);
    private static readonly WorkKey B = Key(2);

    private readonly WorkQueue queue = new(TimeProvider.System);

    private static WorkKey Key(int n) => new(TenantId.Platform, new EntityId(new Guid(n, 0, 0, new byte[8])));

    private async Task<WorkKey> NextAsync() => await queue.NextAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    [Fact]
    public async Task Add_Twice_IsLookedAtOnce()
    {
        queue.Add(A);
        queue.Add(A);
        queue.Add(B);
        Assert.Equal(A, await NextAsync());
        Assert.Equal(B, await NextAsync());
        Assert.False(queue.NextAsync(TestContext.Current.CancellationToken).IsCompleted);
    }

    [Fact]
    public async Task Add_WhileRunning_IsLookedAtAgainAndNotAtOnce()
    {
        queue.Add(A);
        Assert.Equal(A, await NextAsync());
        queue.Add(A);
        var next = NextAsync();
        Assert.False(next.IsCompleted);
        queue.Done(A, null);
        Assert.Equal(A, await next);
    }

    [Fact]
    public async Task Done_LookAgain_IsDueLater()
    {
        queue.Add(A);
        await NextAsync();
        queue.Done(A, TimeSpan.FromMilliseconds(30));
        Assert.Equal(A, await NextAsync());
    }

    [Fact]
    public async Task NextAsync_Cancelled_Throws()
    {
        using var stop = new CancellationTokenSource();
        var next = queue.NextAsync(stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }
}

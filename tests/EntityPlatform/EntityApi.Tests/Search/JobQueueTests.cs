using Strata.Core;
using Strata.EntityApi.Search.Jobs;

namespace Strata.EntityApi.Tests.Search;

public sealed class JobQueueTests
{
    private static readonly TenantId A = TenantId.New(TimeProvider.System);
    private static readonly TenantId B = TenantId.New(TimeProvider.System);

    [Fact]
    public async Task TakeAsync_OneOrganizationFillsTheQueue_AnotherIsNext()
    {
        using var queue = new JobQueue<string>(runningPerOrganizationMax: 2);
        foreach (var job in (string[])["a1", "a2", "a3", "a4"]) queue.Add(A, job);
        queue.Add(B, "b1");
        var stop = TestContext.Current.CancellationToken;
        Assert.Equal(["a1", "b1", "a2"], new[] { await queue.TakeAsync(stop), await queue.TakeAsync(stop), await queue.TakeAsync(stop) });
        var third = queue.TakeAsync(stop).AsTask(); // two of a are at work
        Assert.False(third.IsCompleted);
        queue.Done(B);
        Assert.False(third.IsCompleted);
        queue.Done(A);
        Assert.Equal("a3", await third);
    }
}

namespace Strata.Core.Tests;

public sealed class TurnsTests
{
    private readonly Turns turns = new();

    [Fact]
    public async Task TakeAsync_OfOneKey_IsOneAtATime_AndOfOthersAtOnce()
    {
        var first = await turns.TakeAsync("a", default);
        var second = turns.TakeAsync("a", default).AsTask();
        using (await turns.TakeAsync("b", default)) Assert.False(second.IsCompleted);
        Assert.Null(turns.TryTake("a"));
        first.Dispose();
        using (await second) Assert.Equal(1, turns.Count);
        Assert.Equal(0, turns.Count);
        using (turns.TryTake("a")) Assert.Equal(1, turns.Count);
        Assert.Equal(0, turns.Count);
    }

    [Fact]
    public async Task TakeAsync_Cancelled_LeavesNothing()
    {
        using var stop = new CancellationTokenSource();
        var first = await turns.TakeAsync("a", default);
        var second = turns.TakeAsync("a", stop.Token).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        first.Dispose();
        Assert.Equal(0, turns.Count);
    }
}

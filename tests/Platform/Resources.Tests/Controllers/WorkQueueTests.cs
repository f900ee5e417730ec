using Strata.Core;
using Strata.Resources.Controllers;
using Strata.Resources.Tests.Support;

namespace Strata.Resources.Tests.Controllers;

public class WorkQueueTests
{
    private static readonly WorkKey Key = new(TenantId.Platform, EntityId.New(TimeProvider.System));
    private static readonly WorkDone Well = new(Failed: false, null);
    private readonly FakeTime time = new();
    private readonly WorkQueue queue;

    public WorkQueueTests() => queue = new WorkQueue(time);

    [Fact]
    public async Task Add_TwiceBeforeItIsTaken_IsTakenOnce()
    {
        queue.Add(Key);
        queue.Add(Key);
        Assert.Equal(Key, await queue.NextAsync(default));
        queue.Done(Key, Well);
        AssertNothing();
    }

    [Fact]
    public async Task Add_WhileItRuns_IsTakenOnceMoreAndNotBeside()
    {
        queue.Add(Key);
        await queue.NextAsync(default);
        queue.Add(Key);
        queue.Add(Key);
        AssertNothing();
        queue.Done(Key, Well);
        Assert.Equal(Key, await queue.NextAsync(default));
        queue.Done(Key, Well);
        AssertNothing();
    }

    [Fact]
    public async Task Done_LookAgain_ComesBackWhenDue()
    {
        queue.Add(Key);
        await queue.NextAsync(default);
        queue.Done(Key, new WorkDone(Failed: false, TimeSpan.FromSeconds(5)));
        var next = queue.NextAsync(default);
        await Wait.UntilAsync(() => time.Waiting == 1, "the queue waits for its time");
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Key, await next);
    }

    [Fact]
    public async Task Add_AfterAFailure_OthersCallItBackAtOnceAndItselfDoesNot()
    {
        queue.Add(Key);
        await queue.NextAsync(default);
        queue.Add(Key, byItself: true); // it wrote that it failed
        queue.Done(Key, new WorkDone(Failed: true, TimeSpan.FromMinutes(1)));
        queue.Add(Key, byItself: true);
        AssertNothing();
        queue.Add(Key);
        Assert.Equal(Key, await queue.NextAsync(default));
    }

    [Fact]
    public async Task Add_ByItselfInALookThatWentWell_LooksAgain()
    {
        queue.Add(Key);
        await queue.NextAsync(default);
        queue.Add(Key, byItself: true);
        queue.Done(Key, Well);
        Assert.Equal(Key, await queue.NextAsync(default));
    }

    [Fact]
    public async Task Next_ManyKeys_GivesThemInTurn()
    {
        var keys = Enumerable.Range(0, 100).Select(_ => new WorkKey(TenantId.Platform, EntityId.New(TimeProvider.System))).ToList();
        foreach (var key in keys) queue.Add(key);
        Assert.Equal(100, queue.Waiting);
        foreach (var key in keys) Assert.Equal(key, await queue.NextAsync(default));
    }

    [Fact]
    public void BackOff_GrowsToAMinute_GiveOrTakeAFifth()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(250), BackOff.DelayAfter(1, 0.5));
        Assert.Equal(TimeSpan.FromSeconds(2), BackOff.DelayAfter(4, 0.5));
        Assert.Equal(TimeSpan.FromSeconds(60), BackOff.DelayAfter(1000, 0.5));
        Assert.Equal(TimeSpan.FromSeconds(48), BackOff.DelayAfter(1000, 0));
    }

    private void AssertNothing()
    {
        using var stop = new CancellationTokenSource();
        var next = queue.NextAsync(stop.Token);
        Assert.False(next.IsCompletedSuccessfully);
        stop.Cancel();
    }
}

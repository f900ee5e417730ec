using Strata.Core;
using Strata.Entities.Log;
using Strata.Nodes.Logs;
using Strata.Storage.Memory;

namespace Strata.Nodes.Tests.Logs;

public sealed class LogSignalTests
{
    private static readonly TenantId Tenant = TenantId.New(TimeProvider.System);

    private readonly MemoryLines lines = new(TimeProvider.System);
    private readonly MemoryLog log = new(TimeProvider.System);
    private readonly LogSource source = new(Tenant, EntityId.New(TimeProvider.System), "one");

    [Fact]
    public async Task Wait_LinesOfAWatchedStream_AreToBeRead()
    {
        using var wakes = new LogSignal(lines, log, Tenant, TimeProvider.System);
        Assert.True(wakes.Watch([source]));
        Assert.False(wakes.Watch([source]));
        await lines.AppendAsync(Tenant, source.Stream, "line"u8.ToArray(), default);
        Assert.True(await wakes.WaitAsync(default));
    }

    [Fact]
    public async Task Wait_ACommitOfItsOrganization_WakesWithoutARead_OthersDoNot()
    {
        using var wakes = new LogSignal(lines, log, Tenant, TimeProvider.System);
        wakes.Watch([source]);
        await lines.AppendAsync(Tenant, EntityId.New(TimeProvider.System), "line"u8.ToArray(), default); // another stream
        await lines.AppendAsync(TenantId.New(TimeProvider.System), source.Stream, "line"u8.ToArray(), default);
        await CommitAsync(TenantId.New(TimeProvider.System));
        var woken = wakes.WaitAsync(default).AsTask();
        await Task.WhenAny(woken, Task.Delay(200, TestContext.Current.CancellationToken));
        Assert.False(woken.IsCompleted);
        await CommitAsync(Tenant);
        Assert.False(await woken);
    }

    /// <summary>Commits wake more often than the poll comes round; lines whose wake-up was lost are still read.</summary>
    [Fact]
    public async Task Wait_InABusyOrganization_PollsAllTheSame()
    {
        using var wakes = new LogSignal(lines, log, Tenant, TimeProvider.System) { PollEvery = TimeSpan.FromMilliseconds(300) };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(TimeSpan.FromSeconds(60));
        for (var polls = 0; polls < 2;)
        {
            await CommitAsync(Tenant);
            if (await wakes.WaitAsync(stop.Token)) polls++;
        }
    }

    private async Task CommitAsync(TenantId tenant)
    {
        var entity = new EntityWrite
        {
            Id = EntityId.New(TimeProvider.System), Expected = Revision.None, Model = new ModelKey("a", 1), State = "ON",
            Document = JsonText.EmptyObject,
        };
        var commit = new Commit { Id = CommitId.New(TimeProvider.System), Tenant = tenant, Writes = [entity], By = "test" };
        Assert.IsType<AppendOutcome.Committed>(await log.AppendAsync(commit, default));
    }
}

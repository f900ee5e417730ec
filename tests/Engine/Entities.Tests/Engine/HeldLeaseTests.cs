using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Tests.Support;

namespace Strata.Entities.Tests.Engine;

/// <summary>A holder stops before its lease can be someone else's, whatever the store does to its renewals.</summary>
public sealed class HeldLeaseTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    private readonly FakeTime time = new();

    [Fact]
    public async Task Renewal_ThatHangs_LosesTheLeaseBeforeItsTime()
    {
        var leases = new ScriptedLeases { Answer = _ => new TaskCompletionSource<bool>().Task }; // and does not look at its token
        var lease = await TakeAsync(leases);
        await using var ending = new Ending(lease, time);
        await AdvanceAsync(TimeSpan.FromSeconds(7.9), () => leases.Renewals > 0);
        Assert.False(lease.Lost.IsCancellationRequested);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.True(lease.Lost.IsCancellationRequested, "8.1 s after it was asked for, a lease of 10 s is given up");
    }

    [Fact]
    public async Task Renewal_ThatFails_IsTriedAgainWhileThereIsTime()
    {
        var leases = new ScriptedLeases { Answer = n => n < 3
            ? Task.FromException<bool>(new InvalidOperationException("away")) : Task.FromResult(true) };
        await using var lease = await TakeAsync(leases);
        await AdvanceAsync(TimeSpan.FromSeconds(60), () => leases.Renewals >= 3);
        Assert.False(lease.Lost.IsCancellationRequested);
        Assert.Equal(new Fence("name", 7), lease.Fence);
    }

    [Fact]
    public async Task Renewal_ThatIsAnsweredLate_CountsFromWhenItWasSent()
    {
        var late = new TaskCompletionSource<bool>();
        var leases = new ScriptedLeases { Answer = n => n == 1 ? late.Task : new TaskCompletionSource<bool>().Task };
        var lease = await TakeAsync(leases);
        await using var ending = new Ending(lease, time);
        await AdvanceAsync(TimeSpan.FromSeconds(2.5), () => leases.Renewals == 1);
        time.Advance(TimeSpan.FromSeconds(5)); // 7.5 s
        late.SetResult(true);
        await Wait.UntilAsync(() => Task.FromResult(time.Waiting == 2), "it has taken note");
        time.Advance(TimeSpan.FromSeconds(2.8)); // 10.3 s: the renewal was sent at 2.5
        Assert.False(lease.Lost.IsCancellationRequested);
        time.Advance(TimeSpan.FromSeconds(0.3));
        Assert.True(lease.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task Renewal_Refused_LosesTheLease()
    {
        var leases = new ScriptedLeases { Answer = _ => Task.FromResult(false) };
        await using var lease = await TakeAsync(leases);
        await AdvanceAsync(TimeSpan.FromSeconds(3), () => lease.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task Dispose_WhileTheStoreHangs_Returns()
    {
        var leases = new ScriptedLeases { Answer = _ => new TaskCompletionSource<bool>().Task, Release = new TaskCompletionSource().Task };
        var lease = await TakeAsync(leases);
        await AdvanceAsync(TimeSpan.FromSeconds(3), () => leases.Renewals > 0);
        await new Ending(lease, time).DisposeAsync();
    }

    [Fact]
    public async Task Dispose_WhileARenewalFails_Returns()
    {
        var failing = new TaskCompletionSource<bool>();
        var leases = new ScriptedLeases { Answer = _ => failing.Task };
        var lease = await TakeAsync(leases);
        await AdvanceAsync(TimeSpan.FromSeconds(3), () => leases.Renewals > 0);
        var disposal = lease.DisposeAsync().AsTask();
        failing.SetException(new InvalidOperationException("away"));
        await disposal;
    }

    private async Task<HeldLease> TakeAsync(ILeases leases) =>
        (await HeldLease.TryTakeAsync(leases, "name", "holder", Duration, time, default))!;

    /// <summary>In small steps, so that what wakes up can go to sleep again.</summary>
    private async Task AdvanceAsync(TimeSpan by, Func<bool> isDone)
    {
        var until = time.GetUtcNow() + by;
        await Wait.UntilAsync(
            () =>
            {
                if (time.GetUtcNow() < until) time.Advance(TimeSpan.FromMilliseconds(100));
                return Task.FromResult(isDone() && (time.GetUtcNow() >= until || by > TimeSpan.FromSeconds(10)));
            },
            "it has come so far");
    }

    /// <summary>Disposes a lease while its clock goes on: behind a renewal that hangs, that takes as long as the lease.</summary>
    private sealed class Ending(HeldLease lease, FakeTime time) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            var disposal = lease.DisposeAsync().AsTask();
            await Wait.UntilAsync(
                () =>
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    return Task.FromResult(disposal.IsCompleted);
                },
                "it is disposed");
            await disposal;
        }
    }

    /// <summary>Gives the lease away with epoch 7, then answers renewals as told.</summary>
    private sealed class ScriptedLeases : ILeases
    {
        private int asked;

        public required Func<int, Task<bool>> Answer { get; init; }

        public Task Release { get; init; } = Task.CompletedTask;

        public int Renewals => Volatile.Read(ref asked);

        public ValueTask<long?> TryHoldAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) => new(7);

        public ValueTask<bool> RenewAsync(string name, long epoch, TimeSpan duration, CancellationToken cancellationToken)
        {
            Assert.Equal(7, epoch);
            return new(Answer(Interlocked.Increment(ref asked)));
        }

        public ValueTask<long> TakeOverAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask<long?> TryTakeOverAsync(
            string name, string holder, string from, TimeSpan duration, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask ReleaseAsync(string name, long epoch, CancellationToken cancellationToken) => new(Release);

        public ValueTask ReleaseAllAsync(string prefix, CancellationToken cancellationToken) => default;

        public ValueTask<string?> HolderAsync(string name, CancellationToken cancellationToken) => new("holder");
    }
}

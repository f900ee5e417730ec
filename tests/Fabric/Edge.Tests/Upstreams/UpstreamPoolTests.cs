using System.ComponentModel;
using System.Net;
using Strata.Edge.Upstreams;

namespace Strata.Edge.Tests.Upstreams;

public sealed class UpstreamPoolTests
{
    private static readonly UpstreamLimits Limits = new() { ConnectionsMax = 1 };

    /// <summary>As epoll does when the kernel lends no more watches.</summary>
    [Fact]
    public async Task RentAsync_WhenTheKernelRefuses_KeepsNoPlaceInThePool()
    {
        var pool = new UpstreamPool(new IPEndPoint(IPAddress.Loopback, 1), Limits, new CoarseClock(TimeProvider.System),
            new FailingDialer(() => new Win32Exception(28)));
        for (var i = 0; i < 3; i++)
            Assert.Equal(RentFailure.Connect, (await pool.RentAsync(null!, true, Limits, Limits.ConnectTimeout)).Failure);
    }

    [Fact]
    public async Task RentAsync_AfterSomethingUnforeseen_KeepsNoPlaceInThePool()
    {
        var pool = new UpstreamPool(new IPEndPoint(IPAddress.Loopback, 1), Limits, new CoarseClock(TimeProvider.System),
            new FailingDialer(() => new NotSupportedException()));
        for (var i = 0; i < 3; i++)
            await Assert.ThrowsAsync<NotSupportedException>(async () => await pool.RentAsync(null!, true, Limits, Limits.ConnectTimeout));
    }

    private sealed class FailingDialer(Func<Exception> failure) : IDialer
    {
        public int Shards => 1;
        public int Shard => 0;

        public ValueTask<IUpstreamSocket> ConnectAsync(IPEndPoint endPoint, int shard, CancellationToken cancellationToken) =>
            throw failure();
    }
}

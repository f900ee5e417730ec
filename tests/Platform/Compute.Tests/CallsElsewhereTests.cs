using Strata.Compute.Peers;

namespace Strata.Compute.Tests;

public sealed class CallsElsewhereTests
{
    [Fact]
    public void SlowWatcher_MissesTheOldest_BeyondTheBytesThatMayWait()
    {
        var calls = new CallsElsewhere();
        for (var i = 0; i < 100; i++) calls.Add([(byte)i, .. new byte[64 << 10]]);
        var read = new List<byte[]>();
        while (calls.TryRead(out var call)) read.Add(call);
        Assert.InRange(read.Sum(c => c.Length), CallsElsewhere.BytesMax / 2, CallsElsewhere.BytesMax);
        Assert.Equal(99, read[^1][0]);
        calls.Add([7]);
        Assert.True(calls.TryRead(out _));
    }
}

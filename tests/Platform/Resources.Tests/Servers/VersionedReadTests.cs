using Strata.Resources.Servers;

namespace Strata.Resources.Tests.Servers;

public sealed class VersionedReadTests
{
    [Fact]
    public async Task Value_OfASlowRead_DoesNotReplaceThatOfANewerOne()
    {
        using var begun = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        var (source, reads) = ("old", 0);
        var read = new VersionedRead<string>(() =>
        {
            var seen = source;
            if (Interlocked.Increment(ref reads) > 1) return seen;
            begun.Set();
            goOn.Wait(TestContext.Current.CancellationToken);
            return seen;
        });
        var slow = Task.Run(() => read.Value, TestContext.Current.CancellationToken);
        begun.Wait(TestContext.Current.CancellationToken);
        source = "new";
        read.Changed();
        Assert.Equal("new", read.Value);
        goOn.Set();
        Assert.Equal("old", await slow); // as it was when it was asked for
        Assert.Equal("new", read.Value);
        Assert.Equal(2, reads);
    }

    [Fact]
    public void Value_IsReadOnce_UntilItChanges_AlsoWhileItIsRead()
    {
        var reads = 0;
        VersionedRead<string>? read = null;
        read = new VersionedRead<string>(() =>
        {
            if (reads++ == 0) read!.Changed();
            return $"{reads}";
        });
        Assert.Equal(["1", "2", "2"], (string[])[read.Value, read.Value, read.Value]);
        read.Changed();
        Assert.Equal("3", read.Value);
    }
}

using Strata.Agent;

namespace Strata.Agent.Tests;

public sealed class BackOffTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(6, 32)]
    [InlineData(7, 60)]
    [InlineData(1_000_000, 60)]
    public void Delay_DoublesUpToAMinute(int crashes, double seconds) => Assert.Equal(seconds, BackOff.Delay(crashes).TotalSeconds);

    [Fact]
    public void Next_AfterAGoodRun_BeginsAnew()
    {
        Assert.Equal(6, BackOff.Next(5, TimeSpan.FromSeconds(9)));
        Assert.Equal(1, BackOff.Next(5, TimeSpan.FromSeconds(10)));
    }
}

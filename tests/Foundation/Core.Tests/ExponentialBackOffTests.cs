namespace Strata.Core.Tests;

public sealed class ExponentialBackOffTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(4, 8)]
    [InlineData(5, 10)]
    [InlineData(int.MaxValue, 10)]
    public void After_DoublesUpToTheLongest(int failures, int seconds) =>
        Assert.Equal(
            TimeSpan.FromSeconds(seconds), new ExponentialBackOff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10)).After(failures));

    [Theory]
    [InlineData(0, 8)]
    [InlineData(0.5, 10)]
    [InlineData(1, 12)]
    public void After_WithASpread_VariesBothWays(double random, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds),
            new ExponentialBackOff(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10), Spread: 0.2).After(1, random));
}

namespace Strata.Edge.Tests.Support;

internal static class Eventually
{
    /// <summary>Waits until the condition holds; fails after a while.</summary>
    public static async Task TrueAsync(Func<bool> condition, string what, TimeSpan? patience = null)
    {
        var end = TimeProvider.System.GetUtcNow() + (patience ?? TimeSpan.FromSeconds(90));
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetUtcNow() < end, $"Not in time: {what}");
            await Task.Delay(10);
        }
    }
}

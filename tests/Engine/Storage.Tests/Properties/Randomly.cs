namespace Strata.Storage.Tests.Properties;

internal static class Randomly
{
    public static T Pick<T>(this Random random, params ReadOnlySpan<T> from) => from[random.Next(from.Length)];
}

using Strata.Server.Tests.EndToEnd;
using Strata.Server.Tests.Faults;
using Strata.Server.Tests.Security;
using Xunit.Sdk;
using Xunit.v3;

namespace Strata.Server.Tests.Support;

/// <summary>Classes that take long begin first: one that began last would run alone at the end, for a fifth of the whole time.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly List<Type> Longest =
    [
        typeof(CrashTests), typeof(InlineEdgeTests), typeof(DatabaseFaultTests), typeof(GuideTests), typeof(FloodAndEgressTests),
        typeof(LifecycleTests),
        typeof(BadApplicationTests), typeof(UpTests), typeof(TunnelTests), typeof(DatabasePasswordAndFailoverTests),
        typeof(ThreeServersTests),
        typeof(SecondServerTests), typeof(TwoServersKilledTests), typeof(KilledBuildTests), typeof(SamplesTests),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(Place)];

    private static int Place<TTestCollection>(TTestCollection collection)
        where TTestCollection : ITestCollection
    {
        var place = Longest.FindIndex(type => collection.TestCollectionDisplayName.Contains(type.FullName + " ", StringComparison.Ordinal));
        return place < 0 ? Longest.Count : place;
    }
}

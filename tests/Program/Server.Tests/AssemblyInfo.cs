using Strata.Server.Tests.Security;
using Strata.Server.Tests.Support;

// More than there are cores: most of a test's time is spent waiting for processes to start, stop or notice something.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
[assembly: TestCollectionOrderer(typeof(LongestFirst))]
[assembly: AssemblyFixture(typeof(SharedCloud))]
[assembly: AssemblyFixture(typeof(SecurityClouds))]

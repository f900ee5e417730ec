using Strata.Server.Tests.Support;

[assembly: AssemblyFixture(typeof(SharedCloud))]

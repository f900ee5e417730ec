using Strata.Server.Tests.Security;
using Strata.Server.Tests.Support;

[assembly: AssemblyFixture(typeof(SharedCloud))]
[assembly: AssemblyFixture(typeof(SecurityClouds))]

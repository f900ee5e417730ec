namespace Strata.Server.Tests.Description;

/// <summary>The tests of the API's description share one server.</summary>
[CollectionDefinition(Name)]
public sealed class DescribedApi : ICollectionFixture<WholeApi>
{
    public const string Name = "description";
}

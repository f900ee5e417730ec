using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Definitions;

/// <summary>
/// The platform's own models by their prefix <see cref="PlatformPrefix"/>, the users' for every other name: a user's model never hides one
/// of the platform's. The model of users' models is built in. Safe for concurrent use.
/// </summary>
public sealed class CompositeDefinitions(IDefinitions platform, IDefinitions users) : IDefinitions
{
    /// <summary>Names that begin so belong to the platform; users can neither define nor change such models.</summary>
    public const string PlatformPrefix = "strata.";

    public ValueTask<ModelDefinition?> FindAsync(TenantId tenant, ModelKey key, CancellationToken cancellationToken) =>
        key == StoredModel.Key ? new(StoredModel.Definition) : SourceOf(key).FindAsync(tenant, key, cancellationToken);

    public ValueTask<Error> ExplainAsync(TenantId tenant, ModelKey key, CancellationToken cancellationToken) =>
        SourceOf(key).ExplainAsync(tenant, key, cancellationToken);

    public void Learn(EntityRevision revision) => users.Learn(revision);

    public static bool IsPlatforms(ModelKey key) => key.Name.StartsWith(PlatformPrefix, StringComparison.OrdinalIgnoreCase);

    private IDefinitions SourceOf(ModelKey key) => IsPlatforms(key) ? platform : users;
}

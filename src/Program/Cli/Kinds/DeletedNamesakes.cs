using System.Text.Json.Nodes;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Kinds;

/// <summary>Deleted resources that had a name.</summary>
internal static class DeletedNamesakes
{
    /// <summary>Of those that had the name, the ones deleted last are kept.</summary>
    private const int Max = 1_000;

    /// <summary>The one deleted last first; none for what cannot be a name.</summary>
    public static async Task<IReadOnlyList<AnyResource>> FindAsync(Run run, ResourceRef target, CancellationToken cancellationToken)
    {
        if (!ResourceName.IsValid(target.Name)) return [];
        var named = new JsonObject
        {
            ["type"] = "simple", ["jsonPath"] = "$.name", ["operatorType"] = "EQUALS", ["value"] = target.Name,
        };
        var filter = new ResourceFilter { Where = named.ToJsonString(), Deleted = true };
        var found = new List<AnyResource>();
        await foreach (var resource in run.Client.Resources(target.Kind.Plural).ListAsync(filter, cancellationToken))
        {
            if (resource.Deleted) found.Add(resource);
            if (found.Count == 2 * Max) found = Newest(found);
        }
        return Newest(found);
    }

    private static List<AnyResource> Newest(IEnumerable<AnyResource> found) =>
        [.. found.OrderByDescending(r => r.UpdatedAt).ThenByDescending(r => r.Revision).Take(Max)];
}

using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using Strata.Server.Options;

namespace Strata.Server.Bootstrap;

/// <summary>
/// A data folder that has served a cloud makes no new one: with a mistyped or forgotten address of the database everything would seem to be
/// lost, and programs would fill the wrong one.
/// </summary>
internal static class CloudPresence
{
    /// <summary>To be called before a cloud is made.</summary>
    /// <exception cref="StrataException">CLOUD_MISSING.</exception>
    public static async Task CheckAsync(HomeLayout home, IEntityLog log, CancellationToken cancellationToken)
    {
        if (!File.Exists(home.CloudIdFile)) return;
        var served = (await File.ReadAllTextAsync(home.CloudIdFile, cancellationToken)).Trim();
        var organization = await new ResourceLookup(log, OrganizationKind.Kind).FindAsync(
            new Caller(TenantId.Platform, "system:start"), FirstStart.OrganizationName, cancellationToken);
        if (organization.Error is { Kind: not ErrorKind.NotFound } error) throw error.ToException();
        if (!organization.IsOk || new TenantId(organization.Value.Id.Value).ToString() != served)
            throw new Error(
                ErrorKind.Conflict, "CLOUD_MISSING",
                $"The database holds {(organization.IsOk ? "another" : "no")} cloud, but this data folder has served one "
                + $"({home.CloudIdFile}).",
                "Name its database again (--postgres-url or STRATA_POSTGRES_URL; without one it is the data folder's own). "
                + "For a new cloud, use another data folder (--home FOLDER).").ToException();
    }

    /// <summary>To be called when the cloud is there.</summary>
    public static async Task NoteAsync(HomeLayout home, TenantId organization, CancellationToken cancellationToken)
    {
        if (!File.Exists(home.CloudIdFile)) await PrivateFile.WriteAsync(home.CloudIdFile, organization.ToString(), cancellationToken);
    }
}

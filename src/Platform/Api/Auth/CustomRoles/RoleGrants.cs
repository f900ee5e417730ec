using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.CustomRoles;

/// <summary>
/// What roles grant in an organization: the built-in ones by the <see cref="RoleCatalog"/>, its own by their resources. A name that neither
/// has grants nothing. Safe for concurrent use.
/// </summary>
public sealed class RoleGrants(RoleCatalog catalog, ResourceStore<RoleSpec, Nothing> store, IEntityLog log)
{
    private readonly ResourceLookup lookup = new(log, RoleKind.Kind);

    /// <summary>What the roles grant together.</summary>
    public async ValueTask<IReadOnlySet<string>> OfAsync(
        TenantId organization, IReadOnlyList<string> roles, CancellationToken cancellationToken)
    {
        var granted = catalog.PermissionsOf(roles);
        foreach (var name in CustomOf(organization, roles))
        {
            if (await FindAsync(organization, name, cancellationToken) is { } role)
                granted = granted.Concat(role).ToHashSet(StringComparer.Ordinal);
        }
        return granted;
    }

    /// <summary>What the organization's own role of that name grants; null: it has none.</summary>
    public async ValueTask<IReadOnlySet<string>?> FindAsync(TenantId organization, string name, CancellationToken cancellationToken)
    {
        var found = await lookup.ReadAsync(new Caller(organization, "system:roles"), name, AsOf.Latest, cancellationToken);
        // By its name only: a token that named it by id would hold it under two names.
        return found.IsOk && store.TryToResource(found.Value) is { } role && role.Name == name
            ? catalog.Expand(role.Spec.Permissions) : null;
    }

    /// <summary>Names that are not built in; the platform's own log has none.</summary>
    public static IEnumerable<string> CustomOf(TenantId organization, IEnumerable<string> roles) =>
        organization == TenantId.Platform ? [] : roles.Where(name => !Roles.Exists(name)).Distinct(StringComparer.Ordinal);
}

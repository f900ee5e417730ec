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
        if (roles.All(r => Roles.Exists(r) && !Roles.Later.Contains(r))) return catalog.PermissionsOf(roles);
        var granted = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in roles.Distinct(StringComparer.Ordinal))
        {
            if (await FindAsync(organization, name, cancellationToken) is { } role) granted.UnionWith(role);
        }
        return granted;
    }

    /// <summary>What one role grants; null: the organization has no such role. The platform has built-in ones only.</summary>
    public async ValueTask<IReadOnlySet<string>?> FindAsync(TenantId organization, string name, CancellationToken cancellationToken)
    {
        if (Roles.Exists(name) && (organization == TenantId.Platform || !Roles.Later.Contains(name))) return catalog.PermissionsOf([name]);
        if (organization == TenantId.Platform) return null;
        var found = await lookup.ReadAsync(new Caller(organization, "system:roles"), name, AsOf.Latest, cancellationToken);
        // By its name only: a token that named it by id would hold it under two names.
        return found.IsOk && store.TryToResource(found.Value) is { } role && role.Name == name
            ? catalog.Expand(role.Spec.Permissions) : Roles.Exists(name) ? catalog.PermissionsOf([name]) : null;
    }
}

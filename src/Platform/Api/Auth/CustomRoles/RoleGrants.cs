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
    /// <param name="scope">Of whoever holds them; a role with a scope of its own grants what both cover.</param>
    public async ValueTask<IReadOnlyList<Grant>> OfAsync(
        TenantId organization, IReadOnlyList<string> roles, GrantScope scope, CancellationToken cancellationToken)
    {
        var grants = new List<Grant> { new(catalog.PermissionsOf(roles), scope) };
        foreach (var name in CustomOf(organization, roles))
        {
            if (await FindAsync(organization, name, cancellationToken) is { } role) grants.Add(Of(role, scope));
        }
        return grants;
    }

    /// <summary>The organization's own role of that name; null: it has none.</summary>
    public async ValueTask<RoleSpec?> FindAsync(TenantId organization, string name, CancellationToken cancellationToken)
    {
        var found = await lookup.ReadAsync(new Caller(organization, "system:roles"), name, AsOf.Latest, cancellationToken);
        // By its name only: a token that named it by id would hold it under two names.
        return found.IsOk && store.TryToResource(found.Value) is { } role && role.Name == name ? role.Spec : null;
    }

    /// <summary>Names that are not built in; the platform's own log has none.</summary>
    public static IEnumerable<string> CustomOf(TenantId organization, IEnumerable<string> roles) =>
        organization == TenantId.Platform ? [] : roles.Where(name => !Roles.Exists(name)).Distinct(StringComparer.Ordinal);

    public Grant Of(RoleSpec role, GrantScope scope)
    {
        var own = ScopeOf(role);
        var permissions = catalog.Expand(role.Permissions, own != GrantScope.Organization);
        return new Grant(permissions, GrantScope.And(scope, own));
    }

    /// <summary>Which resources the role is about.</summary>
    public static GrantScope ScopeOf(RoleSpec role) => GrantScope.And(
        role.Project is { } project ? new GrantScope.OfProject(project) : GrantScope.Organization,
        role.Labels is { Count: > 0 } labels ? new GrantScope.WithLabels(labels) : GrantScope.Organization);
}

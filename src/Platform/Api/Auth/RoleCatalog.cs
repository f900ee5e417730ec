using System.Collections.Frozen;
using Strata.Contracts;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth;

/// <summary>
/// A permission of endpoints that belong to no kind, such as <c>blobs.write</c>, and the roles that hold it unless an organization says
/// otherwise.
/// </summary>
public sealed record Permission(string Name, params IReadOnlyList<string> Roles);

/// <summary>
/// What each role grants: put together from what kinds and modules declare, so that a new kind brings its permissions with it.
/// Administrators hold everything of their organization, operators what belongs to the cloud.
/// </summary>
public sealed class RoleCatalog
{
    private readonly FrozenDictionary<string, FrozenSet<string>> permissions;

    /// <exception cref="ArgumentException">A permission is declared twice, or names a role that does not exist.</exception>
    public RoleCatalog(IEnumerable<Kind> kinds, IEnumerable<Permission> others)
    {
        var declared = new Dictionary<string, Permission>(StringComparer.Ordinal);
        foreach (var permission in kinds.SelectMany(Of).Concat(others))
        {
            if (!declared.TryAdd(permission.Name, permission))
                throw new ArgumentException($"The permission {permission.Name} is declared twice.", nameof(others));
            if (permission.Roles.FirstOrDefault(x => !Roles.Exists(x)) is { } unknown)
                throw new ArgumentException($"{permission.Name} is given to the role {unknown}, which does not exist.", nameof(others));
        }
        Declared = declared.Keys.ToFrozenSet(StringComparer.Ordinal);
        permissions = Roles.Names.ToFrozenDictionary(role => role, role => SetOf(role, declared.Values), StringComparer.Ordinal);
    }

    /// <summary>The names of all permissions.</summary>
    public IReadOnlySet<string> Declared { get; }

    /// <summary>What the roles grant together; an unknown name grants nothing.</summary>
    public IReadOnlySet<string> PermissionsOf(IEnumerable<string> roles)
    {
        var known = roles.Where(permissions.ContainsKey).Distinct(StringComparer.Ordinal).ToList();
        return known.Count == 1 ? permissions[known[0]] : known.SelectMany(x => permissions[x]).ToFrozenSet(StringComparer.Ordinal);
    }

    private static IEnumerable<Permission> Of(Kind kind) =>
    [
        new(kind.ReadPermission, kind.Readers), new(kind.WritePermission, kind.Writers), new(kind.ControlPermission, kind.Controllers),
    ];

    private static FrozenSet<string> SetOf(string role, IEnumerable<Permission> declared) => role switch
    {
        Roles.Admin => FrozenSet.Create(StringComparer.Ordinal, Principal.Everything),
        Roles.Operator => FrozenSet.Create(StringComparer.Ordinal, Principal.PlatformPermission),
        _ => declared.Where(x => x.Roles.Contains(role)).Select(x => x.Name).ToFrozenSet(StringComparer.Ordinal),
    };
}

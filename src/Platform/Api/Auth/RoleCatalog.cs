using System.Collections.Frozen;
using Strata.Api.Auth.Explaining;
using Strata.Api.Auth.Tokens;
using Strata.Contracts;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth;

/// <summary>
/// A permission of endpoints that belong to no kind, such as <c>blobs.write</c>, and the roles that hold it unless an organization says
/// otherwise.
/// </summary>
public sealed record Permission(string Name, params IReadOnlyList<string> Roles)
{
    /// <summary>
    /// Whether it goes with a role that someone holds for resources with certain labels only: what it opens is worth nothing without them.
    /// </summary>
    public bool GoesWithLabels { get; init; }
}

/// <summary>
/// What each role grants: put together from what kinds and modules declare, so that a new kind brings its permissions with it.
/// Administrators hold everything of their organization, operators what belongs to the cloud.
/// </summary>
public sealed class RoleCatalog
{
    private const string AllOfKind = ".*";
    /// <summary>To find one's way: which kinds there are, as the API's description says to anyone, who one is, and the projects.</summary>
    private static readonly string[] OfEveryone = ["kinds.read", "account.read", CallerEndpoint.Read, "projects.read"];

    private const string ControlSuffix = ".control";

    private readonly FrozenDictionary<string, FrozenSet<string>> permissions;
    private readonly FrozenDictionary<string, Permission> declared;
    private readonly FrozenSet<string> labelled;
    private readonly FrozenSet<string> besideLabels;

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
        this.declared = declared.ToFrozenDictionary(StringComparer.Ordinal);
        Declared = declared.Keys.ToFrozenSet(StringComparer.Ordinal);
        var administrators = kinds.Where(k => k.WriteIsAdministrators || k.Scope == KindScope.Platform).Select(k => k.WritePermission)
            .ToHashSet(StringComparer.Ordinal);
        Grantable = declared.Values.Where(x => IsPeoples(x) && !administrators.Contains(x.Name)).Select(x => x.Name)
            .ToFrozenSet(StringComparer.Ordinal);
        permissions = Roles.Names.ToFrozenDictionary(role => role, role => SetOf(role, declared.Values, kinds.Select(k =>
            k.ReadPermission)), StringComparer.Ordinal);
        var ofProjects = kinds.Where(k => k.Scope == KindScope.Project).Select(k => k.Plural + ".").ToList();
        labelled = Grantable.Where(p => ofProjects.Exists(o => p.StartsWith(o, StringComparison.Ordinal)))
            .ToFrozenSet(StringComparer.Ordinal);
        besideLabels = declared.Values.Where(p => p.GoesWithLabels).Select(p =>
            p.Name).Concat(OfEveryone).ToFrozenSet(StringComparer.Ordinal);

    }

    /// <summary>The names of all permissions.</summary>
    public IReadOnlySet<string> Declared { get; }

    /// <summary>
    /// Permissions that an organization's own roles can hold: not <c>control</c> and what is for the platform's own parts, nor what would
    /// make its holder an administrator.
    /// </summary>
    public IReadOnlySet<string> Grantable { get; }

    /// <summary>The built-in roles that hold a permission, administrators and operators apart.</summary>
    public IReadOnlyList<string> HoldersOf(string permission) =>
        [.. Roles.Names.Where(r => r is not (Roles.Admin or Roles.Owner or Roles.Operator) && permissions[r].Contains(permission))];

    /// <summary>Whether a role can hold this: a permission, or all of a kind, such as <c>deployments.*</c>.</summary>
    public bool IsGrantable(string name) => Grantable.Contains(name) || (StemOf(name) is { } stem && OfKind(stem).Any(Grantable.Contains));

    /// <summary>
    /// The permissions that a list of names means, with what every caller needs to find its way; what no role can hold is left out.
    /// </summary>
    public IReadOnlySet<string> Expand(IEnumerable<string> names) =>
        names.SelectMany(name => StemOf(name) is { } stem ? OfKind(stem) : [name]).Concat(OfEveryone).Where(Grantable.Contains)
            .ToFrozenSet(StringComparer.Ordinal);

    /// <summary>
    /// What of these a program may have that acts for who holds them: what roles can hold, but nothing that lets others in. Otherwise a
    /// program could make itself a token that outlives what it was allowed.
    /// </summary>
    public IReadOnlySet<string> OfProgram(IReadOnlySet<string> held) =>
        Grantable.Where(p => p != TokenKind.Kind.WritePermission && (held.Contains(Principal.Everything) || held.Contains(p)))
            .ToFrozenSet(StringComparer.Ordinal);

    /// <summary>
    /// What of these holds for resources with certain labels: those about resources of projects, which alone are decided with the resource
    /// in hand.
    /// </summary>
    public IReadOnlySet<string> OfLabelled(IReadOnlySet<string> held) => HeldOf(labelled, held);

    /// <summary>What of these has to be held beside it, without labels, such as the upload of what is then deployed.</summary>
    public IReadOnlySet<string> BesideLabelled(IReadOnlySet<string> held) => HeldOf(besideLabels, held);

    private static FrozenSet<string> HeldOf(FrozenSet<string> names, IReadOnlySet<string> held) =>
        names.Where(p => held.Contains(Principal.Everything) || held.Contains(p)).ToFrozenSet(StringComparer.Ordinal);

    private static bool IsPeoples(Permission permission) => !permission.Name.EndsWith(ControlSuffix, StringComparison.Ordinal)
        && (permission.Roles.Count == 0 || permission.Roles.Any(x => x is not (Roles.Agent or Roles.Edge)));

    private static string? StemOf(string name) => name.EndsWith(AllOfKind, StringComparison.Ordinal) ? name[..^AllOfKind.Length] : null;

    private static string[] OfKind(string plural) => [plural + ".read", plural + ".write"];

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

    private static FrozenSet<string> SetOf(string role, IEnumerable<Permission> declared, IEnumerable<string> kindReads) => role switch
    {
        Roles.Admin => FrozenSet.Create(StringComparer.Ordinal, Principal.Everything),
        Roles.Owner => FrozenSet.Create(StringComparer.Ordinal, Principal.Everything, Principal.OwnPermission),
        Roles.Auditor => kindReads.Concat(OfEveryone).Concat([AccessEndpoints.Read, "status.read"]).ToFrozenSet(StringComparer.Ordinal),
        Roles.Billing => OfEveryone.Concat(["deployments.read", "instances.read", "status.read"]).ToFrozenSet(StringComparer.Ordinal),
        Roles.Operator => FrozenSet.Create(StringComparer.Ordinal, Principal.PlatformPermission, CallerEndpoint.Read),
        _ => declared.Where(x => x.Roles.Contains(role)).Select(x => x.Name).ToFrozenSet(StringComparer.Ordinal),
    };
}

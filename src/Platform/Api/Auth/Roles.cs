using System.Collections.Frozen;

namespace Strata.Api.Auth;

/// <summary>
/// Roles, by the name that a token carries, and what each grants. A permission is <c>PLURAL.read</c>, <c>.write</c> or <c>.control</c> (see Kind),
/// or one of an endpoint's own; <c>PLURAL.*</c> grants all of one kind, <c>*.read</c> that verb on all, <c>*</c> everything in the organization. None of the wider forms grants <c>control</c>.
/// </summary>
public static class Roles
{
    /// <summary>Everything in its organization.</summary>
    public const string Admin = "admin";

    /// <summary>What belongs to the cloud itself: organizations, nodes.</summary>
    public const string Operator = "operator";
    public const string Developer = "developer";
    public const string Viewer = "viewer";

    /// <summary>A node's agent; its token is bound to the node, see <see cref="Principal.Node"/>.</summary>
    public const string Agent = "agent";
    public const string Edge = "edge";

    /// <summary>A running instance, with its project's rights.</summary>
    public const string Application = "application";

    /// <summary>A machine client: users' data, in the whole organization.</summary>
    public const string Machine = "machine";

    private static readonly FrozenDictionary<string, FrozenSet<string>> Permissions = new Dictionary<string, FrozenSet<string>>
    {
        [Admin] = Set("*"),
        [Operator] = Set(Principal.PlatformPermission),
        [Developer] = Set(
            "*.read", "projects.write", "deployments.write", "releases.write", "instances.write", "routes.write", "blobs.write", "entities.write", "models.write",
            "webhooks.write", "tunnels.write", "compute.join"),
        [Viewer] = Set("*.read"),
        [Agent] = Set("instances.read", "instances.control", "nodes.read", "nodes.control", "blobs.read", "lines.write"),
        [Edge] = Set("routes.read", "instances.read", "nodes.read", "tunnels.read", "blobs.read"),
        [Application] = Set("entities.*", "models.*", "account.read", "compute.*"),
        [Machine] = Set("entities.*", "models.*", "account.read", "compute.*"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Names => Permissions.Keys;

    /// <summary>What the roles grant together; a name that is no role grants nothing.</summary>
    public static IReadOnlySet<string> PermissionsOf(IEnumerable<string> roles) =>
        roles.SelectMany(r => Permissions.TryGetValue(r, out var granted) ? granted : []).ToFrozenSet(StringComparer.Ordinal);

    public static bool Exists(string role) => Permissions.ContainsKey(role);

    private static FrozenSet<string> Set(params string[] permissions) => permissions.ToFrozenSet(StringComparer.Ordinal);
}

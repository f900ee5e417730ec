using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.Api.Auth;

/// <summary>
/// Who a request comes from, as its token says. This is the seam of the identity system: whatever authenticates yields one of these, and nothing
/// else decides.
/// </summary>
public sealed record Principal
{
    /// <summary>The organization; <see cref="TenantId.Platform"/> for the cloud's own parts, which alone see every organization.</summary>
    public required TenantId Tenant { get; init; }

    /// <summary>For example <c>user:admin</c>, <c>token:ci</c>, <c>agent:node-1</c>, <c>instance:guestbook-x7</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>
    /// Such as <c>deployments.read</c>; <c>*</c> grants all within the tenant but <c>control</c>; see <see cref="Roles"/> for the wider forms.
    /// </summary>
    public required IReadOnlySet<string> Permissions { get; init; }

    /// <summary>Names of the roles that granted them, to be told; nothing is decided by these.</summary>
    public IReadOnlyList<string> RoleNames { get; init; } = [];

    /// <summary>Id of the only project it may see; null: all of the organization.</summary>
    public string? Project { get; init; }

    /// <summary>Id of the node whose agent it is: it reaches that node and what is assigned to it, and nothing else. Null: it is no agent.</summary>
    public string? Node { get; init; }

    /// <summary>An operator of another organization, who acts in this one by <c>?org=</c>.</summary>
    public bool IsOperatorElsewhere { get; init; }

    public bool IsPlatform => Tenant == TenantId.Platform;

    public Caller Caller => new(Tenant, Actor) { Project = Project };

    /// <summary>Held beside an organization's permissions, it opens what belongs to the cloud itself to writes.</summary>
    public const string PlatformPermission = "platform";

    private const string ControlSuffix = ".control";

    /// <summary>May change what belongs to the cloud itself: organizations, nodes.</summary>
    public bool IsOperator => IsPlatform || Permissions.Contains(PlatformPermission);

    /// <summary>
    /// Whether it is granted by name, by kind (<c>nodes.*</c>), by verb (<c>*.read</c>; tokens are not meant by that) or altogether. A
    /// <c>control</c> verb is granted by its name only, outside the platform's own tenant: it lets its holder write what the platform's parts report,
    /// and the edge and the nodes act on that.
    /// </summary>
    public bool May(string permission)
    {
        if (Permissions.Contains(permission)) return true;
        if (!IsPlatform && permission.EndsWith(ControlSuffix, StringComparison.Ordinal)) return false;
        if (Permissions.Contains("*")) return true;
        var dot = permission.LastIndexOf('.');
        if (dot < 0) return false;
        var isSecret = permission.StartsWith("tokens.", StringComparison.Ordinal);
        return Permissions.Contains(permission[..dot] + ".*") || (!isSecret && Permissions.Contains("*" + permission[dot..]));
    }

    /// <summary>Whether everything that the other set grants is granted here too, so that nobody hands out more than they have.</summary>
    public bool Covers(IEnumerable<string> permissions) => permissions.All(p => p == PlatformPermission ? IsOperator : May(p));
}

/// <summary>Turns a bearer token into a principal.</summary>
public interface IAuthenticator
{
    /// <returns>UNAUTHORIZED for a token that is malformed, unknown, expired or revoked; the error never tells which.</returns>
    ValueTask<Result<Principal>> AuthenticateAsync(string token, CancellationToken cancellationToken);
}

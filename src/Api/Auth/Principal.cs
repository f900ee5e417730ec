using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.Api.Auth;

/// <summary>
/// Who a request comes from, as its token says. This is the seam of the identity system: whatever authenticates yields one of these, and nothing else decides.
/// </summary>
public sealed record Principal
{
    /// <summary>The organization; <see cref="TenantId.Platform"/> for the cloud's own parts, which alone see every organization.</summary>
    public required TenantId Tenant { get; init; }

    /// <summary>For example <c>user:admin</c>, <c>token:ci</c>, <c>agent:node-1</c>, <c>instance:guestbook-x7</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>Such as <c>deployments.read</c>; <c>*</c> grants all within the tenant.</summary>
    public required IReadOnlySet<string> Permissions { get; init; }

    /// <summary>Id of the only project it may see; null: all of the organization.</summary>
    public string? Project { get; init; }

    public bool IsPlatform => Tenant == TenantId.Platform;

    public Caller Caller => new(Tenant, Actor);

    public bool May(string permission) => Permissions.Contains(permission) || Permissions.Contains("*");
}

/// <summary>Turns a bearer token into a principal.</summary>
public interface IAuthenticator
{
    /// <returns>UNAUTHORIZED for a token that is malformed, unknown, expired or revoked; the error never tells which.</returns>
    ValueTask<Result<Principal>> AuthenticateAsync(string token, CancellationToken cancellationToken);
}

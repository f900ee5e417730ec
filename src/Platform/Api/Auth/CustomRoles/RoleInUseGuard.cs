using Strata.Api.Auth.Tokens;
using Strata.Api.Kinds;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.CustomRoles;

/// <summary>
/// A role that tokens hold is deleted only on purpose: they would open less from then on. Best effort: a token that is made at the same
/// moment holds a role that is gone, which grants nothing.
/// </summary>
internal sealed class RoleInUseGuard(IEntityLog log) : IDeletionGuard
{
    public Kind Kind => RoleKind.Kind;

    public string Guarded => "a role that tokens hold";

    public RemovalCheck? CheckOf(Principal principal, EntityRevision resource)
    {
        var name = ResourceDocument.NameOf(resource);
        return async (_, cancellationToken) =>
        {
            var holders = new Scan
            {
                Tenant = resource.Tenant, Model = TokenKind.Kind.Model, Where = TokenKind.HasRole(name), Limit = 1,
            };
            return await log.ScanAsync(holders, cancellationToken) is [var holder, ..]
                ? InUse(name, ResourceDocument.NameOf(holder)) : null;
        };
    }

    private static Error InUse(string name, string token) => new(
        ErrorKind.Conflict, "ROLE_IN_USE", $"Tokens hold the role \"{name}\", \"{token}\" for one: without it they grant less.",
        $"To do it anyway: strata delete role/{name} --force -y (over HTTP: ?force=true).");
}

using Strata.Api.Kinds;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.CustomRoles;

/// <summary>
/// A role that tokens or people hold is deleted only on purpose: they would open less from then on. Best effort: a token that is made at
/// the same moment holds a role that is gone, which grants nothing.
/// </summary>
internal sealed class RoleInUseGuard(IEntityLog log, IEnumerable<RoleHolders> kinds) : IDeletionGuard
{
    public Kind Kind => RoleKind.Kind;

    public string Guarded => "a role that tokens or people hold";

    public WriteCheck? CheckOf(Principal principal, EntityRevision resource)
    {
        var name = ResourceDocument.NameOf(resource);
        return async (_, cancellationToken) =>
        {
            foreach (var kind in kinds.Select(k => k.Kind))
            {
                var holders = new Scan { Tenant = resource.Tenant, Model = kind.Model, Where = RoleHolders.Of(name), Limit = 1 };
                if (await log.ScanAsync(holders, cancellationToken) is [var holder, ..])
                    return InUse(name, kind, ResourceDocument.NameOf(holder));
            }
            return null;
        };
    }

    private static Error InUse(string name, Kind kind, string holder) => new(
        ErrorKind.Conflict, "ROLE_IN_USE",
        $"The role \"{name}\" is in use: the {kind.Name} \"{holder}\" for one would grant less without it.",
        $"To do it anyway: strata delete role/{name} --force -y (over HTTP: ?force=true).");
}

/// <summary>A kind whose resources hold roles by their names, in <c>spec.roles</c>.</summary>
public sealed record RoleHolders(Kind Kind)
{
    private static readonly JsonPath RolesPath = JsonPath.Parse("$.spec.roles[*]");

    /// <summary>Narrows a search to those that hold a role.</summary>
    public static Condition.Compare Of(string role) =>
        new(new Field.Path(RolesPath), Operator.Equal, [JsonText.From(role, WireJson.Of<string>())]);
}

using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Identity.Bindings;
using Strata.Resources.Kinds;

namespace Strata.Identity.Teams;

/// <summary>A team to which bindings give roles is deleted only on purpose: its people would lose them.</summary>
internal sealed class TeamInUseGuard(IEntityLog log) : IDeletionGuard
{
    public Kind Kind => TeamKind.Kind;

    public string Guarded => "a team that bindings give roles to";

    public WriteCheck? CheckOf(Principal principal, EntityRevision resource) => async (_, cancellationToken) =>
    {
        var name = ResourceDocument.NameOf(resource);
        var named = new Scan
        {
            Tenant = resource.Tenant, Model = BindingKind.Kind.Model, Where = BindingStore.OfSubjects([BindingKind.TeamPrefix + name]),
                Limit = 1,
        };
        return await log.ScanAsync(named, cancellationToken) is [var binding, ..] ? InUse(name, ResourceDocument.NameOf(binding)) : null;
    };

    private static Error InUse(string name, string binding) => new(
        ErrorKind.Conflict, "TEAM_IN_USE", $"The team \"{name}\" is in use: the binding \"{binding}\" for one gives roles to it.",
        $"To do it anyway: strata delete team/{name} --force -y (over HTTP: ?force=true).");
}

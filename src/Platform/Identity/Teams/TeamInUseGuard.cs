using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Identity.Bindings;
using Strata.Resources.Kinds;

namespace Strata.Identity.Teams;

/// <summary>A team to which bindings give roles is deleted only on purpose: its people would lose them.</summary>
internal sealed class TeamInUseGuard(IEntityLog log, ResourceStore<BindingSpec, Nothing> bindings) : IDeletionGuard
{
    public Kind Kind => TeamKind.Kind;

    public string Guarded => "a team that bindings give roles to";

    public WriteCheck? CheckOf(Principal principal, EntityRevision resource) => async (_, cancellationToken) =>
        await log.ScanAsync(Naming(resource) with { Limit = 1 }, cancellationToken) is [var binding, ..]
            ? InUse(ResourceDocument.NameOf(resource), ResourceDocument.NameOf(binding)) : null;

    /// <summary>Its bindings lose it with it: a team that gets the same name later must not get what it had.</summary>
    public WriteCheck? ForcedOf(EntityRevision resource) => async (transaction, cancellationToken) =>
    {
        var subject = BindingKind.TeamPrefix + ResourceDocument.NameOf(resource);
        var without = bindings.ToChange(b => b with { Spec = b.Spec with { Subjects = [.. b.Spec.Subjects.Where(s => s != subject)] } });
        await foreach (var page in log.PagesAsync(Naming(resource), cancellationToken))
        {
            foreach (var binding in page.Select(bindings.ToResource).Where(b => b.Spec.Subjects.Contains(subject)))
            {
                var id = BindingKind.Kind.EntityOf(binding.Id);
                var isItsOnly = binding.Spec.Subjects.All(s => s == subject);
                var written = isItsOnly
                    ? await transaction.DeleteAsync(BindingKind.Kind.Model, id, null, cancellationToken)
                    : await transaction.UpdateAsync(BindingKind.Kind.Model, id, without, null, null, cancellationToken);
                if (!written.IsOk) return written.Error;
            }
        }
        return null;
    };

    private static Scan Naming(EntityRevision team) => new()
    {
        Tenant = team.Tenant, Model = BindingKind.Kind.Model, Limit = PageLimits.Max,
        Where = BindingStore.OfSubjects([BindingKind.TeamPrefix + ResourceDocument.NameOf(team)]),
    };

    private static Error InUse(string name, string binding) => new(
        ErrorKind.Conflict, "TEAM_IN_USE", $"The team \"{name}\" is in use: the binding \"{binding}\" for one gives roles to it.",
        $"To do it anyway: strata delete team/{name} --force -y (over HTTP: ?force=true).");
}

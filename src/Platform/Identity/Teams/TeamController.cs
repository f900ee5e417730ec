using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Memberships;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Identity.Teams;

/// <summary>
/// Takes people out of teams who are no members of the organization any more: another one of the same name must not get what they had.
/// </summary>
internal sealed class TeamController(ResourceStore<TeamSpec, Nothing> teams, MembershipStore memberships) : Controller<TeamSpec, Nothing>
{
    public override string Name => "teams";

    public override Kind<TeamSpec, Nothing> Kind => TeamKind.Kind;

    public override TimeSpan Period => TimeSpan.FromMinutes(5);

    /// <summary>Housekeeping leaves capacity to work that users wait for.</summary>
    public override int Parallelism => 1;

    public override async Task<TimeSpan?> ReconcileAsync(Resource<TeamSpec, Nothing> resource, CancellationToken cancellationToken)
    {
        if (!TenantId.TryParse(resource.Org, out var tenant)) return null;
        var gone = new List<string>();
        foreach (var member in resource.Spec.Members)
            if (await memberships.FindAsync(tenant, member, cancellationToken) is null) gone.Add(member);
        if (gone.Count == 0) return null;
        var changed = await teams.ChangeAsync(
            CallerIn(tenant), resource.Id, now => now with { Spec = now.Spec with { Members = [.. now.Spec.Members.Except(gone)] } }, null,
            new Revision(resource.Revision), cancellationToken);
        // Changed meanwhile: looked at again.
        if (changed.Error is { Kind: not (ErrorKind.PreconditionFailed or ErrorKind.Conflict or ErrorKind.NotFound) } error)
            throw error.ToException();
        return null;
    }
}

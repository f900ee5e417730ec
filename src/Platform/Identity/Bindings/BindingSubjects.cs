using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Identity.Clients;
using Strata.Identity.Memberships;
using Strata.Resources.Kinds;

namespace Strata.Identity.Bindings;

/// <summary>Whom a binding names: members, teams and clients of its organization. Safe for concurrent use.</summary>
internal sealed class BindingSubjects(MembershipStore memberships, ClientStore clients, ResourceStore<TeamSpec, Nothing> teams)
{
    /// <summary>Whether there is one of that name. A text of another form is the kind's fault to find.</summary>
    public async ValueTask<bool> ExistsAsync(TenantId organization, string subject, CancellationToken cancellationToken)
    {
        if (After(BindingKind.PersonPrefix) is { } person)
            return await memberships.FindAsync(organization, person, cancellationToken) is { } member && member.Name == person;
        if (After(BindingKind.TeamPrefix) is { } team)
        {
            var found = await teams.GetAsync(new Caller(organization, "system:bindings"), team, AsOf.Latest, cancellationToken);
            if (!found.IsOk && found.Error.Kind != ErrorKind.NotFound) throw found.Error.ToException();
            return found.IsOk && found.Value.Name == team;
        }
        return After(BindingKind.ClientPrefix) is not { } client || !ClientId.TryParse(client, out var id)
            || (id.Tenant == organization && await clients.FindAsync(id, cancellationToken) is not null);

        string? After(string prefix) => subject.StartsWith(prefix, StringComparison.Ordinal) ? subject[prefix.Length..] : null;
    }
}

using Strata.Api.Auth.Administrators;
using Strata.Contracts;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Clients;

/// <summary>Clients with ROLE_ADMIN.</summary>
internal sealed class ClientAdministrators(ResourceStore<ClientSpec, ClientStatus> clients) : IAdministratorSource
{
    public Kind Kind => ClientKind.Kind;

    public Condition? Where => null;

    public bool Admits(EntityRevision revision) => clients.TryToResource(revision)?.Spec.Roles.Contains(ContractRoles.Admin) == true;
}

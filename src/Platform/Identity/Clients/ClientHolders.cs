using System.Runtime.CompilerServices;
using Strata.Api.Auth;
using Strata.Api.Auth.Explaining;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Identity.Bindings;
using ClientResource = Strata.Core.Resource<Strata.Contracts.ClientSpec, Strata.Contracts.ClientStatus>;

namespace Strata.Identity.Clients;

/// <summary>OAuth clients as those who open an organization's API, with the tokens that they get in their own name.</summary>
internal sealed class ClientHolders(ClientStore clients, BindingStore bindings, RoleCatalog catalog) : IAccessHolders
{
    private const string Actor = "system:access";

    public string Kind => ClientKind.Kind.Name;

    public async IAsyncEnumerable<AccessHolder> AllAsync(
        TenantId organization, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var client in clients.ListAsync(new Caller(organization, Actor), cancellationToken))
            yield return await HolderOfAsync(organization, client, cancellationToken);
    }

    public async ValueTask<AccessHolder?> FindAsync(TenantId organization, string nameOrId, CancellationToken cancellationToken) =>
        ClientId.TryParse(nameOrId, out var id) && id.Tenant == organization
        && await clients.FindAsync(id, cancellationToken) is { } client ? await HolderOfAsync(organization, client, cancellationToken)
            : null;

    private async ValueTask<AccessHolder> HolderOfAsync(
        TenantId organization, ClientResource client, CancellationToken cancellationToken)
    {
        var name = ClientStore.IdOf(organization, client).ToString();
        var held = client.Spec.Roles.Select(r => new HeldRole(r, ContractRoles.PermissionsOf(catalog, [r]))).ToList();
        var principal = new Principal
        {
            Tenant = organization, Actor = "client:" + name, RoleNames = client.Spec.Roles,
            Grants = [new Grant(ContractRoles.PermissionsOf(catalog, client.Spec.Roles), GrantScope.Organization)],
        };
        var bound = await bindings.OfClientAsync(organization, name, cancellationToken);
        return new AccessHolder(
            Kind, name, principal.Actor, [.. held, .. bound.Roles], principal.With(bound.Grants, bound.RoleNames, bound.Until));
    }
}

using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Clients;

/// <summary>A caller deletes the client that got its token only on purpose: the next call would be refused.</summary>
internal sealed class OwnClientGuard : IDeletionGuard
{
    public Kind Kind => ClientKind.Kind;

    public string Guarded => "the client that got the token of this call";

    public WriteCheck? CheckOf(Principal principal, EntityRevision resource)
    {
        var name = ResourceDocument.NameOf(resource);
        return CheckOf(principal, new ClientId(resource.Tenant, resource.Id), name, $"strata delete client/{name}");
    }

    /// <param name="shownId">How the caller named it.</param>
    /// <param name="command">Deletes it.</param>
    public static WriteCheck? CheckOf(Principal principal, ClientId client, string shownId, string command) =>
        principal.Client == client.Id && principal.Tenant == client.Tenant
            ? (_, _) => new(IdentityErrors.OwnClient(shownId, command)) : null;
}

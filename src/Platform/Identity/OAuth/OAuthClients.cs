using Microsoft.AspNetCore.Http;
using Strata.Identity.Clients;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using ClientResource = Strata.Core.Resource<Strata.Contracts.ClientSpec, Strata.Contracts.ClientStatus>;

namespace Strata.Identity.OAuth;

/// <summary>Programs that people sign in to: the organizations' clients. Safe for concurrent use.</summary>
internal sealed class OAuthClients(ClientStore clients)
{
    /// <returns>Null: no such client, or people cannot sign in to it.</returns>
    public async ValueTask<(ClientId Id, ClientResource Resource)?> FindAsync(string? id, CancellationToken cancellationToken) =>
        id is not null && ClientId.TryParse(id, out var parsed) && await clients.FindAsync(parsed, cancellationToken) is { } client
            && client.Spec.RedirectUris.Count > 0 ? (parsed, client) : null;

    /// <summary>Whether the sender is the client: it has the secret, has proved it by an assertion before, or needs no proof.</summary>
    public async ValueTask<bool> IsItselfAsync(string? id, string? secret, HttpContext http)
    {
        if (id == SessionClients.CommandLine) return secret is null;
        if (await FindAsync(id, http.RequestAborted) is not var (parsed, client)) return false;
        if (http.Features.Get<KnownClient>() is { } known) return known.Id == parsed;
        if (client.Spec.Public) return secret is null;
        return secret is not null && ClientAuthentication.IsSecretOf(client, secret); // of 256 bits: too many to guess
    }
}

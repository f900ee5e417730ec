using System.Security.Cryptography;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using ClientResource = Strata.Core.Resource<Strata.Contracts.ClientSpec, Strata.Contracts.ClientStatus>;

namespace Strata.Identity.Clients;

/// <summary>A client with its new secret, which is returned only once.</summary>
internal sealed record IssuedClient(ClientId Id, ClientResource Resource, string Secret);

/// <summary>Makes, finds and deletes clients. Safe for concurrent use.</summary>
internal sealed class ClientStore(ResourceStore<ClientSpec, ClientStatus> store, IEntityLog log, IdentityOptions options, TimeProvider time)
{
    private const int NameRandomCharacters = 10;

    public async Task<Result<IssuedClient>> CreateAsync(Caller caller, IReadOnlyList<string> roles, CancellationToken cancellationToken)
    {
        var count = 0;
        await foreach (var _ in store.AllAsync(caller.Tenant, null, cancellationToken)) count++;
        if (count >= options.ClientsMax) return IdentityErrors.Cap("M2M_CLIENT_CAP_REACHED", "clients", options.ClientsMax);
        var client = new NewResource<ClientSpec> { Name = "client-"
            + RandomNumberGenerator.GetHexString(NameRandomCharacters, lowercase: true), Spec = new ClientSpec { Roles = roles } };
        var secret = SecretText.NewSecret();
        var created = await store.CreateAsync(caller, client, StatusOf(secret), null, cancellationToken);
        return created.TryGet(out var made, out var error) ? new IssuedClient(IdOf(caller.Tenant, made), made, secret) : error;
    }

    /// <summary>A new secret in place of the one before.</summary>
    public async Task<Result<IssuedClient>> ResetAsync(Caller caller, string clientId, CancellationToken cancellationToken) =>
        await FindAsync(caller, clientId, cancellationToken) is { } found
            ? await GiveSecretAsync(caller, found.Id, cancellationToken) : IdentityErrors.ClientNotFound(clientId);

    public async Task<Result<Done>> DeleteAsync(
        Caller caller, string clientId, WriteCheck? check, CancellationToken cancellationToken)
    {
        if (await FindAsync(caller, clientId, cancellationToken) is not { } found) return IdentityErrors.ClientNotFound(clientId);
        var deleted = await store.DeleteAsync(caller, found.Id, null, check, cancellationToken);
        return deleted.Error?.Kind == ErrorKind.NotFound ? IdentityErrors.ClientNotFound(clientId) : deleted;
    }

    public IAsyncEnumerable<ClientResource> ListAsync(Caller caller, CancellationToken cancellationToken) =>
        store.AllAsync(caller.Tenant, null, cancellationToken);

    /// <summary>The client as it is now; null if it does not exist, or no longer exists.</summary>
    public async ValueTask<ClientResource?> FindAsync(ClientId id, CancellationToken cancellationToken)
    {
        var revision = await log.ReadAsync(id.Tenant, id.Id, AsOf.Latest, cancellationToken);
        return revision is null || revision.Model != ClientKind.Kind.Model ? null : store.ToResource(revision);
    }

    public static ClientId IdOf(TenantId tenant, ClientResource client) => new(tenant, ClientKind.Kind.EntityOf(client.Id));

    private async ValueTask<ClientResource?> FindAsync(Caller caller, string clientId, CancellationToken cancellationToken) =>
        ClientId.TryParse(clientId, out var id) && id.Tenant == caller.Tenant ? await FindAsync(id, cancellationToken) : null;

    private async Task<Result<IssuedClient>> GiveSecretAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        var secret = SecretText.NewSecret();
        var status = StatusOf(secret);
        var changed = await store.ChangeAsync(caller, id, c => c with { Status = status }, null, null, cancellationToken);
        return changed.TryGet(out var client, out var error) ? new IssuedClient(IdOf(caller.Tenant, client), client, secret) : error;
    }

    private ClientStatus StatusOf(string secret) => new() { SecretHash = SecretText.HashOf(secret), SecretMadeAt = time.GetUtcNow() };
}

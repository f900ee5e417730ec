using System.Text.Json;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth.Tokens;

/// <summary>A new token.</summary>
/// <param name="Text">The full token, with its secret: returned only once.</param>
public sealed record IssuedToken(string Text, Resource<TokenSpec, TokenStatus> Resource);

/// <summary>Makes and revokes tokens: for users by way of the API, and for the cloud's own parts. Safe for concurrent use.</summary>
public sealed class TokenIssuer(ResourceStore<TokenSpec, TokenStatus> store, TokenAuthenticator authenticator)
{
    private static readonly JsonPath NamePath = JsonPath.Parse("$.name");

    /// <param name="caller">In whose tenant; <see cref="TenantId.Platform"/> for tokens of agents and edges.</param>
    public async Task<Result<IssuedToken>> IssueAsync(Caller caller, NewResource<TokenSpec> token, CancellationToken cancellationToken)
    {
        var created = await store.CreateAsync(caller, token, null, cancellationToken);
        if (!created.TryGet(out var resource, out var error)) return error;
        var text = TokenText.New(caller.Tenant, TokenKind.Kind.EntityOf(resource.Id));
        var sealedWith = await store.ChangeAsync(
            caller with { Request = null }, resource.Id, r =>
                r with { Status = new TokenStatus { SecretHash = text.SecretHash } }, null, null, cancellationToken);
        return sealedWith.IsOk ? new IssuedToken(text.ToString(), sealedWith.Value) : sealedWith.Error;
    }

    /// <summary>As <see cref="IssueAsync"/>, after revoking the token of that name if there is one.</summary>
    public async Task<Result<IssuedToken>> ReplaceAsync(Caller caller, NewResource<TokenSpec> token, CancellationToken cancellationToken)
    {
        await RevokeAsync(caller, token.Name, cancellationToken);
        return await IssueAsync(caller, token, cancellationToken);
    }

    /// <summary>
    /// Gives the token of that name another secret and this spec, and makes it where it does not exist. The secret before is accepted too,
    /// no longer than it would have been, until <see cref="EndFormerAsync"/>: so the token's holder always has one that is valid.
    /// </summary>
    /// <param name="held">The text that the holder has now, which may be older than the newest secret; null: it has the newest.</param>
    public async Task<Result<IssuedToken>> RotateAsync(
        Caller caller, NewResource<TokenSpec> token, string? held, CancellationToken cancellationToken)
    {
        var isHeld = TokenText.TryParse(held ?? "", out var holders);
        if (await FindAsync(caller, token.Name, cancellationToken) is not { } present)
            return await IssueAsync(caller, token, cancellationToken);
        var text = TokenText.New(caller.Tenant, TokenKind.Kind.EntityOf(present.Id));
        var rotated = await store.ChangeAsync(caller, present.Id, t =>
        {
            var status = t.Status with { SecretHash = text.SecretHash };
            var keepsFormer = isHeld && holders!.Matches(t.Status.FormerSecretHash);
            if (!keepsFormer) status = status with { FormerSecretHash = t.Status.SecretHash, FormerExpiresAt = t.Spec.ExpiresAt };
            return t with { Spec = token.Spec, Status = status };
        }, null, null, cancellationToken);
        if (!rotated.TryGet(out var resource, out var error)) return error;
        Forget(resource);
        return new IssuedToken(text.ToString(), resource);
    }

    /// <summary>Refuses the secret before the present one from now on.</summary>
    /// <param name="id">Of the token.</param>
    public async Task<Result<Done>> EndFormerAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        var ended = await store.ChangeAsync(
            caller, id, t => t with { Status = t.Status with { FormerSecretHash = null, FormerExpiresAt = null } }, null, null,
            cancellationToken);
        if (ended.IsOk) Forget(ended.Value);
        return ended.IsOk ? default(Done) : ended.Error;
    }

    /// <summary>Changes when the token of that name expires; its text stays the same. NOT_FOUND if it does not exist.</summary>
    public async Task<Result<Done>> ExtendAsync(Caller caller, string name, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        var extended = await store.ChangeAsync(
            caller, name, t => t with { Spec = t.Spec with { ExpiresAt = expiresAt } }, null, null, cancellationToken);
        if (extended.IsOk) Forget(extended.Value);
        return extended.IsOk ? default(Done) : extended.Error;
    }

    /// <summary>Revokes the token of that name; false if it does not exist.</summary>
    public async Task<bool> RevokeAsync(Caller caller, string name, CancellationToken cancellationToken)
    {
        if (await FindAsync(caller, name, cancellationToken) is not { } token) return false;
        var revoked = await store.DeleteAsync(caller, token.Id, null, cancellationToken);
        Forget(token);
        return revoked.IsOk;
    }

    /// <summary>A name of the platform's own is found by a scan of its few tokens: its callers look for names in no tenant.</summary>
    private async Task<Resource<TokenSpec, TokenStatus>?> FindAsync(Caller caller, string name, CancellationToken cancellationToken)
    {
        if (caller.Tenant != TenantId.Platform)
            return (await store.GetAsync(caller, name, AsOf.Latest, cancellationToken)).TryGet(out var found, out _) ? found : null;
        var named = new Condition.Compare(
            new Field.Path(NamePath), Operator.Equal, [JsonText.FromString(JsonSerializer.Serialize(name, WireJson.Of<string>()))]);
        await foreach (var token in store.AllAsync(caller.Tenant, named, cancellationToken)) return token;
        return null;
    }

    private void Forget(Resource<TokenSpec, TokenStatus> token)
    {
        if (!TokenKind.Kind.TryParseId(token.Id, out var id)) return;
        authenticator.Invalidate(TenantId.TryParse(token.Org, out var tenant) ? tenant : TenantId.Platform, id);
    }
}

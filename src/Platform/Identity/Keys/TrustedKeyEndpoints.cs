using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using TrustedKeyResource = Strata.Core.Resource<Strata.Contracts.TrustedKeySpec, Strata.Contracts.TrustedKeyStatus>;

namespace Strata.Identity.Keys;

/// <summary>The contract's operations on an organization's trusted keys.</summary>
internal sealed class TrustedKeyEndpoints(TrustedKeyStore keys, TimeProvider time)
{
    private const string All = "/api/oauth/keys/trusted";
    private const string One = All + "/{keyId}";

    public void Map(IEndpointRouteBuilder routes)
    {
        var (read, write) = (TrustedKeyKind.Kind.ReadPermission, TrustedKeyKind.Kind.WritePermission);
        routes.MapApi("GET", All, read, Describe("listTrustedKeysOfContract", "The keys whose tokens the organization believes."), ListAsync);
        routes.MapApi("POST", All, write, Describe("registerTrustedKey", "Believe what a key signs.", body: typeof(RegisterTrustedKey)), RegisterAsync);
        routes.MapApi("DELETE", One, write, Describe("deleteTrustedKeyOfContract", "Forget a key; what it signed is not believed from now on."), call => ChangeAsync(call, DeleteAsync));
        routes.MapApi("POST", One + "/invalidate", write, Describe("invalidateTrustedKey", "Believe a key no more, after a grace period.", body: typeof(InvalidateKey)), call => ChangeAsync(call, InvalidateAsync));
        routes.MapApi("POST", One + "/reactivate", write, Describe("reactivateTrustedKey", "Believe a key again.", body: typeof(ReactivateKey)), call => ChangeAsync(call, ReactivateAsync));
    }

    private static Operation Describe(string id, string summary, Type? body = null) => new()
    {
        Id = id, Summary = summary, Tag = "keys", Answer = Content.Json(Schemas.Any()), Body = body is null ? null : Content.Json(Schemas.Of(body), required: false),
    };

    private async Task<Result<Answer>> ListAsync(ApiCall call)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        var shown = new List<TrustedKey>();
        await foreach (var key in keys.ListAsync(caller.Tenant, call.Aborted)) shown.Add(Show(key));
        return Answer.Json<IReadOnlyList<TrustedKey>>(shown);
    }

    private async Task<Result<Answer>> RegisterAsync(ApiCall call)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        if (!(await IdentityCall.ReadAsync<RegisterTrustedKey>(call)).TryGet(out var wanted, out error)) return error;
        if (!TrustedJwk.TryRead(wanted.Jwk, out _, out var fault)) return IdentityErrors.KeyType(fault);
        if (!KeyPeriods.IsGrace(wanted.InvalidateGracePeriodSec)) return IdentityErrors.BadRequest($"invalidateGracePeriodSec must be 0 to {KeyPeriods.GraceSecondsMax}.");
        var from = wanted.ValidFrom ?? time.GetUtcNow();
        if (wanted.ValidTo <= from) return IdentityErrors.BadRequest("validTo must be behind validFrom.");
        var spec = new TrustedKeySpec { KeyId = wanted.KeyId, Jwk = wanted.Jwk, Audience = wanted.Audience, Issuers = wanted.Issuers ?? [] };
        var registered = await keys.RegisterAsync(caller, spec, from, wanted.ValidTo, call.Aborted);
        if (!registered.TryGet(out var key, out error)) return error.Code == "VALIDATION_FAILED" ? IdentityErrors.Faulty(error.Faults!) : error;
        if (wanted.InvalidatePrevious) await InvalidateOthersAsync(caller, key, TimeSpan.FromSeconds(wanted.InvalidateGracePeriodSec), call.Aborted);
        return Answer.Json(Show(key));
    }

    private async Task InvalidateOthersAsync(Caller caller, TrustedKeyResource key, TimeSpan grace, CancellationToken cancellationToken)
    {
        await foreach (var other in keys.ListAsync(caller.Tenant, cancellationToken))
        {
            if (other.Id != key.Id && other.State == KeyPairKind.Active && other.Spec.Audience == key.Spec.Audience) await keys.InvalidateAsync(caller, other, grace, cancellationToken);
        }
    }

    private async Task<Result<Answer>> ChangeAsync(ApiCall call, Func<ApiCall, Caller, TrustedKeyResource, Task<Result<TrustedKeyResource>>> change)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        var id = call.Route("keyId");
        if (await keys.FindAsync(caller.Tenant, id, call.Aborted) is not { } key) return IdentityErrors.TrustedKeyNotFound(id);
        return (await change(call, caller, key)).TryGet(out var changed, out error) ? Answer.Json(Show(changed)) : error;
    }

    private async Task<Result<TrustedKeyResource>> DeleteAsync(ApiCall call, Caller caller, TrustedKeyResource key)
    {
        var deleted = await keys.DeleteAsync(caller, key, call.Aborted);
        return deleted.IsOk ? key : deleted.Error;
    }

    private async Task<Result<TrustedKeyResource>> InvalidateAsync(ApiCall call, Caller caller, TrustedKeyResource key)
    {
        if (!(await IdentityCall.ReadOrDefaultAsync(call, new InvalidateKey())).TryGet(out var wanted, out var error)) return error;
        if (!KeyPeriods.IsGrace(wanted.GracePeriodSec)) return IdentityErrors.BadRequest($"gracePeriodSec must be 0 to {KeyPeriods.GraceSecondsMax}.");
        return await keys.InvalidateAsync(caller, key, TimeSpan.FromSeconds(wanted.GracePeriodSec), call.Aborted);
    }

    private async Task<Result<TrustedKeyResource>> ReactivateAsync(ApiCall call, Caller caller, TrustedKeyResource key)
    {
        if (!(await IdentityCall.ReadAsync<ReactivateKey>(call)).TryGet(out var wanted, out var error)) return error;
        if (wanted.ValidTo <= time.GetUtcNow() || wanted.ValidTo <= wanted.ValidFrom) return IdentityErrors.BadRequest("validTo must be in the future and behind validFrom.");
        return await keys.ReactivateAsync(caller, key, wanted.ValidFrom, wanted.ValidTo, call.Aborted);
    }

    private TrustedKey Show(TrustedKeyResource key) => new(
        TrustedKeyStore.IsValid(key, time.GetUtcNow()) && key.State == KeyPairKind.Active, key.Spec.Audience, key.Spec.Issuers, key.Spec.Jwk, key.Spec.KeyId, key.Org,
        key.Status.ValidFrom ?? key.CreatedAt, key.Status.ValidTo);

    private sealed record TrustedKey(
        bool Active, string Audience, IReadOnlyList<string> Issuers, JsonElement Jwk, string KeyId, string LegalEntityId, DateTimeOffset ValidFrom, DateTimeOffset? ValidTo);
}

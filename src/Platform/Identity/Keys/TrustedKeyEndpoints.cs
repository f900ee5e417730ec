using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using TrustedKeyResource = Strata.Core.Resource<Strata.Contracts.TrustedKeySpec, Strata.Contracts.TrustedKeyStatus>;

namespace Strata.Identity.Keys;

/// <summary>The contract's operations on an organization's trusted keys.</summary>
internal sealed class TrustedKeyEndpoints(TrustedKeyStore keys, Idempotency idempotency, TimeProvider time)
{
    private const string All = "/api/oauth/keys/trusted";
    private const string One = All + "/{keyId}";

    public void Map(IEndpointRouteBuilder all)
    {
        var routes = all.MapGroup("");
        routes.NeedsFreshSignIn(); // each of them lets someone in, or shuts them out
        var (read, write) = (TrustedKeyKind.Kind.ReadPermission, TrustedKeyKind.Kind.WritePermission);
        routes.MapApi("GET", All, read,
            Describe("listTrustedKeysOfContract", "List the keys whose tokens the organization trusts.",
                answer: typeof(IReadOnlyList<TrustedKey>)), ListAsync);
        routes.MapApi(
            "POST", All, write, Change("registerTrustedKey", "Believe what a key signs.", body: typeof(RegisterTrustedKey)), RegisterAsync);
        routes.MapApi("DELETE", One, write,
            Change("deleteTrustedKeyOfContract", "Delete a key; what it signed is no longer trusted."), DeleteAsync);
        routes.MapApi("POST", One + "/invalidate", write,
            Change("invalidateTrustedKey", "Believe a key no more, after a grace period.", body: typeof(InvalidateKey)), InvalidateAsync);
        routes.MapApi("POST", One + "/reactivate", write,
            Change("reactivateTrustedKey", "Believe a key again.", body: typeof(ReactivateKey)), ReactivateAsync);
    }

    private static Operation Change(string id, string summary, Type? body = null) =>
        Describe(id, summary, body) with { Parameters = [Parameter.IdempotencyKey] };

    private static Operation Describe(string id, string summary, Type? body = null, Type? answer = null) => new()
    {
        Id = id, Summary = summary, Tag = "keys", Answer = Content.Json(Schemas.OfAnswer(answer ?? typeof(TrustedKey))),
        Body = body is null ? null : Content.Json(Schemas.Of(body), required: false),
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
        if (!(await IdentityCall.ReadAsync<RegisterTrustedKey>(call)).TryGet(out var sent, out error)) return error;
        var wanted = sent.Value;
        if (!TrustedJwk.TryRead(wanted.Jwk, out _, out var fault)) return IdentityErrors.KeyType(fault);
        if (!KeyPeriods.IsGrace(wanted.InvalidateGracePeriodSec))
            return ApiErrors.BodyValue("invalidateGracePeriodSec", $"a whole number from 0 to {KeyPeriods.GraceSecondsMax}");
        var spec = new TrustedKeySpec { KeyId = wanted.KeyId, Jwk = wanted.Jwk, Audience = wanted.Audience,
            Issuers = wanted.Issuers ?? [] };
        return await idempotency.RunAsync(call, caller.Tenant, sent.Bytes, async _ =>
        {
            var from = wanted.ValidFrom ?? time.GetUtcNow();
            if (wanted.ValidTo <= from) return ApiErrors.BodyValue("validTo", "a time after validFrom");
            var registered = await keys.RegisterAsync(caller with { Request = call.Request }, spec, from, wanted.ValidTo, call.Aborted);
            if (!registered.TryGet(out var key, out var refused))
                return refused.Code == "VALIDATION_FAILED" ? IdentityErrors.Faulty(refused.Faults!) : refused;
            return await FinishAsync(key);
        }, (_, written) => FinishAsync(keys.ToResource(written[0])));

        async Task<Result<Answer>> FinishAsync(TrustedKeyResource key)
        {
            var grace = TimeSpan.FromSeconds(wanted.InvalidateGracePeriodSec);
            if (wanted.InvalidatePrevious && await InvalidatePreviousAsync(caller, key, grace, call.Aborted) is { } left) return left;
            return Answer.Json(Show(key));
        }
    }

    /// <summary>
    /// Those that have not changed since the key was registered: one that was reactivated later stays, however often the request comes.
    /// </summary>
    /// <returns>Why one of them is still valid: the request, sent again, continues.</returns>
    private async Task<Error?> InvalidatePreviousAsync(
        Caller caller, TrustedKeyResource key, TimeSpan grace, CancellationToken cancellationToken)
    {
        await foreach (var other in keys.ListAsync(caller.Tenant, cancellationToken))
        {
            var isPrevious = other.Id != key.Id && other.State == KeyPairKind.Active && other.Spec.Audience == key.Spec.Audience
                && other.Revision < key.Revision;
            if (isPrevious && (await keys.InvalidateAsync(caller, other, grace, cancellationToken)).Error is { } error) return error;
        }
        return null;
    }

    private Task<Result<Answer>> DeleteAsync(ApiCall call) => ChangeAsync(call, default, async (caller, key) =>
    {
        var deleted = await keys.DeleteAsync(caller, key, call.Aborted);
        return deleted.IsOk ? key : deleted.Error;
    });

    private async Task<Result<Answer>> InvalidateAsync(ApiCall call)
    {
        if (!(await IdentityCall.ReadOrDefaultAsync(call, new InvalidateKey())).TryGet(out var sent, out var error)) return error;
        if (!KeyPeriods.IsGrace(sent.Value.GracePeriodSec))
            return ApiErrors.BodyValue("gracePeriodSec", $"a whole number from 0 to {KeyPeriods.GraceSecondsMax}");
        return await ChangeAsync(call, sent.Bytes,
            (caller, key) => keys.InvalidateAsync(caller, key, TimeSpan.FromSeconds(sent.Value.GracePeriodSec), call.Aborted));
    }

    private async Task<Result<Answer>> ReactivateAsync(ApiCall call)
    {
        if (!(await IdentityCall.ReadAsync<ReactivateKey>(call)).TryGet(out var sent, out var error)) return error;
        var wanted = sent.Value;
        return await ChangeAsync(
            call, sent.Bytes, async (caller, key) => wanted.ValidTo <= time.GetUtcNow() || wanted.ValidTo <= wanted.ValidFrom
            ? IdentityErrors.Period
            : await keys.ReactivateAsync(caller, key, wanted.ValidFrom, wanted.ValidTo, call.Aborted));
    }

    private async Task<Result<Answer>> ChangeAsync(
        ApiCall call, ReadOnlyMemory<byte> body, Func<Caller, TrustedKeyResource, Task<Result<TrustedKeyResource>>> change)
    {
        if (!IdentityCall.OrganizationOf(call).TryGet(out var caller, out var error)) return error;
        var id = call.Route("keyId");
        return await idempotency.RunAsync(call, caller.Tenant, body, async () =>
        {
            if (await keys.FindAsync(caller.Tenant, id, call.Aborted) is not { } key) return IdentityErrors.TrustedKeyNotFound(id);
            var changed = await change(caller with { Request = call.Request }, key);
            return changed.IsOk ? Answer.Json(Show(changed.Value)) : changed.Error;
        }, written => Answer.Json(Show(keys.ToResource(written[0]))));
    }

    private TrustedKey Show(TrustedKeyResource key) => new(
        TrustedKeyStore.IsValid(key, time.GetUtcNow()) && key.State == KeyPairKind.Active, key.Spec.Audience, key.Spec.Issuers,
        key.Spec.Jwk, key.Spec.KeyId, key.Org,
        key.Status.ValidFrom ?? key.CreatedAt, key.Status.ValidTo);

    private sealed record TrustedKey(
        bool Active, string Audience, IReadOnlyList<string> Issuers, JsonElement Jwk, string KeyId, string LegalEntityId,
        DateTimeOffset ValidFrom, DateTimeOffset? ValidTo);
}

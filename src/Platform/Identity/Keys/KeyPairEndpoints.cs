using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.Identity.Keys;

/// <summary>The contract's operations on the cloud's key pairs, for its operators; and their public halves, for everyone.</summary>
internal sealed class KeyPairEndpoints(SigningKeys keys, Idempotency idempotency, TimeProvider time)
{
    private const string All = "/api/oauth/keys/keypair";
    private const string One = All + "/{keyId}";
    private const string Tag = "keys";

    public void Map(IEndpointRouteBuilder all)
    {
        var routes = all.MapGroup("");
        routes.NeedsFreshSignIn(); // each of them lets someone in, or shuts them out
        var (read, write) = (KeyPairKind.Kind.ReadPermission, KeyPairKind.Kind.WritePermission);
        routes.MapGet("/api/.well-known/jwks.json", WriteSetAsync)
            .WithMetadata(new Operation
            {
                Id = "getSigningKeys", Summary = "Return the public keys that verify the cloud's access tokens (RFC 7517).",
                Tag = Tag, Answer = Content.Json(Schemas.OfAnswer(typeof(KeySet))),
            }).Open();
        routes.MapApi(
            "POST", All, write,
            Change("issueKeyPair", "Issue a key pair; tokens are signed with it from its validFrom on.", body: typeof(IssueKeyPair)),
            IssueAsync);
        routes.MapApi("GET", All + "/current", read, Describe("getCurrentKeyPair", "The key pair that signs by RS256 now.") with
        {
            Parameters = [Parameter.Query("audience", "Audience of the tokens that it signs.", Schemas.OneOf([.. KeyPairKind.Audiences]))],
        }, CurrentAsync);
        routes.MapApi(
            "DELETE", One, write, Change("deleteKeyPair", "Delete a key pair; what it signed is refused from now on."), DeleteAsync);
        routes.MapApi(
            "POST", One + "/invalidate", write, Change(
                "invalidateKeyPair", "Sign no more with a key pair; what it signed is accepted for the grace period.",
                body: typeof(InvalidateKey)), InvalidateAsync);
        routes.MapApi("POST", One + "/reactivate", write,
            Change("reactivateKeyPair", "Sign with a key pair again.", body: typeof(ReactivateKey)), ReactivateAsync);
    }

    private static Operation Change(string id, string summary, Type? body = null) =>
        Describe(id, summary, body) with { Parameters = [Parameter.IdempotencyKey] };

    private static Operation Describe(string id, string summary, Type? body = null, Type? answer = null) => new()
    {
        Id = id, Summary = summary, Tag = Tag, Answer = Content.Json(Schemas.OfAnswer(answer ?? typeof(KeyPair))),
        Body = body is null ? null : Content.Json(Schemas.Of(body), required: false),
    };

    private async Task WriteSetAsync(HttpContext http)
    {
        await keys.EnsureAsync(http.RequestAborted);
        var now = time.GetUtcNow();
        var published = (await keys.AllAsync(http.RequestAborted)).Where(k => k.IsPublished(now))
            .Select(k => PublicJwk.Of(k.KeyId, k.Algorithm, k.Key));
        http.Response.Headers.CacheControl = "public, max-age=60";
        await Answer.Json(new KeySet([.. published])).ExecuteAsync(http);
    }

    private async Task<Result<Answer>> IssueAsync(ApiCall call)
    {
        if (!call.Principal.IsOperator) return ApiErrors.OperatorNeeded;
        if (!(await IdentityCall.ReadAsync<IssueKeyPair>(call)).TryGet(out var sent, out var error)) return error;
        var wanted = sent.Value;
        if (!KeyPairKind.Audiences.Contains(wanted.Audience)) return ApiErrors.BodyValue("audience", "human or client");
        if (!KeyPairKind.Algorithms.Contains(wanted.Algorithm)) return IdentityErrors.Algorithm(wanted.Algorithm);
        if (!KeyPeriods.IsGrace(wanted.InvalidateGracePeriodSec))
            return ApiErrors.BodyValue("invalidateGracePeriodSec", $"a whole number from 0 to {KeyPeriods.GraceSecondsMax}");
        return await idempotency.RunAsync(call, TenantId.Platform, sent.Bytes, async keyed =>
        {
            var now = time.GetUtcNow();
            var from = wanted.ValidFrom ?? now;
            if (wanted.ValidTo <= from || wanted.ValidTo <= now) return IdentityErrors.Period;
            if (!(await keys.IssueAsync(call.Caller, wanted.Audience, wanted.Algorithm, from, wanted.ValidTo, call.Aborted))
                .TryGet(out var issued, out var refused)) return refused;
            return await RetireAsync(call, wanted, issued, keyed?.Part(1));
        }, async (keyed, written) =>
        {
            if (!(await keyed.WrittenAsync(1, call.Aborted)).TryGet(out var retired, out var refused)) return refused;
            return retired.IsThere ? Shown(keys.Of(written[0])) : await RetireAsync(call, wanted, keys.Of(written[0]), keyed.Part(1));
        });
    }

    /// <summary>
    /// Ends, if that is wanted, the key pairs that signed before the one that was issued: at once where that one signs already; otherwise
    /// they sign until it does. The one that signs comes last: where its change is written, so are the others'.
    /// </summary>
    private async Task<Result<Answer>> RetireAsync(ApiCall call, IssueKeyPair wanted, SigningKey issued, RequestKey? request)
    {
        if (!wanted.InvalidateCurrent) return Shown(issued);
        var (now, grace) = (time.GetUtcNow(), TimeSpan.FromSeconds(wanted.InvalidateGracePeriodSec));
        var current = await keys.FindCurrentAsync(wanted.Audience, wanted.Algorithm, call.Aborted, before: issued);
        var others = (await keys.BeforeAsync(issued, call.Aborted)).Where(k => k.KeyId != current?.KeyId);
        foreach (var before in current is null ? others : others.Append(current))
        {
            var caller = call.Caller with { Request = before == current ? request : null };
            var retired = issued.ValidFrom <= now ? await keys.InvalidateAsync(caller, before, grace, call.Aborted)
                : await keys.EndAsync(caller, before, issued.ValidFrom + grace, call.Aborted);
            if (!retired.IsOk) return retired.Error;
        }
        return Shown(issued);
    }

    private async Task<Result<Answer>> CurrentAsync(ApiCall call)
    {
        if (!call.Query("audience").TryGet(out var audience, out var error)) return error;
        if (audience is null || !KeyPairKind.Audiences.Contains(audience))
            return ApiErrors.QueryValue("audience", "human or client");
        return await keys.FindCurrentAsync(audience, KeyPairKind.Rs256, call.Aborted) is { } key
            ? Shown(key) : IdentityErrors.KeyPairNotFound("of " + audience);
    }

    private Task<Result<Answer>> DeleteAsync(ApiCall call) => ChangeAsync(call, default, async key =>
    {
        var deleted = await keys.DeleteAsync(call.Caller, key, call.Aborted);
        return deleted.IsOk ? key : deleted.Error;
    });

    private async Task<Result<Answer>> InvalidateAsync(ApiCall call)
    {
        if (!(await IdentityCall.ReadOrDefaultAsync(call, new InvalidateKey())).TryGet(out var sent, out var error)) return error;
        if (!KeyPeriods.IsGrace(sent.Value.GracePeriodSec))
            return ApiErrors.BodyValue("gracePeriodSec", $"a whole number from 0 to {KeyPeriods.GraceSecondsMax}");
        return await ChangeAsync(
            call, sent.Bytes, key => keys.InvalidateAsync(call.Caller, key, TimeSpan.FromSeconds(sent.Value.GracePeriodSec), call.Aborted));
    }

    private async Task<Result<Answer>> ReactivateAsync(ApiCall call)
    {
        if (!(await IdentityCall.ReadAsync<ReactivateKey>(call)).TryGet(out var sent, out var error)) return error;
        var wanted = sent.Value;
        return await ChangeAsync(call, sent.Bytes, async key => wanted.ValidTo <= time.GetUtcNow() || wanted.ValidTo <= wanted.ValidFrom
            ? IdentityErrors.Period
            : await keys.ReactivateAsync(call.Caller, key, wanted.ValidFrom, wanted.ValidTo, call.Aborted));
    }

    private async Task<Result<Answer>> ChangeAsync(
        ApiCall call, ReadOnlyMemory<byte> body, Func<SigningKey, Task<Result<SigningKey>>> change)
    {
        if (!call.Principal.IsOperator) return ApiErrors.OperatorNeeded;
        var id = call.Route("keyId");
        return await idempotency.RunAsync(
            call, TenantId.Platform, body,
            async () => await keys.FindAsync(id, call.Aborted) is { } key ? Shown(await change(key)) : IdentityErrors.KeyPairNotFound(id),
            written => Shown(keys.Of(written[0])));
    }

    private Result<Answer> Shown(Result<SigningKey> changed) => changed.TryGet(out var key, out var error) ? Shown(key) : error;

    private Answer Shown(SigningKey key) =>
        Answer.Json(new KeyPair(key.Signs(time.GetUtcNow()), key.Algorithm, key.KeyId, key.PublicKey, key.ValidFrom, key.ValidTo));

    private sealed record KeySet(IReadOnlyList<PublicJwk> Keys);

    private sealed record KeyPair(
        bool Active, string Algorithm, string KeyId, string PublicKey, DateTimeOffset ValidFrom, DateTimeOffset? ValidTo);
}

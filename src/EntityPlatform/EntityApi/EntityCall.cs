using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.EntityApi;

/// <summary>Reads the parts that requests of the entity API have in common.</summary>
internal static class EntityCall
{
    private const int JoinTokenLengthMax = 100;

    /// <summary>Of the call's body.</summary>
    public static int BodyBytesMax(ApiCall call) => call.Http.RequestServices.GetRequiredService<EntityApiLimits>().BodyBytesMax;

    /// <summary>The caller, whose organization the entities belong to.</summary>
    public static Result<Caller> CallerOf(ApiCall call) => call.Principal.IsPlatform ? EntityApiErrors.OneOrganization : call.Caller;

    /// <summary>
    /// As <see cref="CallerOf"/>, for what can happen in a transaction that a compute member joins by X-Tx-Token. Such a request has no
    /// outcome of its own to keep, so no Idempotency-Key.
    /// </summary>
    /// <exception cref="InvalidOperationException">The endpoint does not declare that it joins transactions, so a request in one that
    /// another server holds would not get there.</exception>
    public static Result<Caller> JoinerOf(ApiCall call)
    {
        if (call.Http.GetEndpoint()?.Metadata.GetMetadata<JoinsTransactions>() is null)
            throw new InvalidOperationException($"{call.Http.GetEndpoint()} is to be mapped with JoinsTransactions().");
        if (!CallerOf(call).TryGet(out var caller, out var error)) return error;
        var sent = call.Http.Request.Headers[RequestHeaders.TransactionToken];
        if (sent.Count == 0) return caller;
        if (sent is not [{ Length: > 0 and <= JoinTokenLengthMax } token])
        {
            return ApiErrors.HeaderValue(
                RequestHeaders.TransactionToken, "one token, as it came with a call to a processor, criterion or function");
        }
        return call.Http.Request.Headers.ContainsKey(Idempotency.Header)
            ? EntityApiErrors.KeyInJoinedTransaction : caller with { Join = token };
    }

    /// <summary>Models are changed by themselves.</summary>
    public static Error? CheckUnjoined(ApiCall call) =>
        call.Http.Request.Headers.ContainsKey(RequestHeaders.TransactionToken) ? EntityApiErrors.ModelInJoinedTransaction : null;

    public static Result<ModelKey> Model(ApiCall call)
    {
        _ = int.TryParse(call.Route("modelVersion"), NumberStyles.None, CultureInfo.InvariantCulture, out var version);
        return Model(call.Route("entityName"), version, ("entityName", "modelVersion"), ApiErrors.PathValue);
    }

    /// <summary>A model in a body.</summary>
    public static Result<ModelKey> Model(string name, int version) =>
        Model(name, version, ("model.name", "model.version"), ApiErrors.BodyValue);

    /// <summary>A model that users may have; MODEL_NOT_FOUND for the platform's.</summary>
    private static Result<ModelKey> Model(
        string name, int version, (string Name, string Version) fields, Func<string, string, Error> refuse)
    {
        if (version < 1) return refuse(fields.Version, "a whole number from 1");
        if (name.Length is 0 or > ModelKey.NameLengthMax || name.Any(c => char.IsControl(c) || char.IsSurrogate(c) || c == '\uFFFD'))
            return refuse(fields.Name, $"a text of 1 to {ModelKey.NameLengthMax} characters");
        var key = new ModelKey(name, version);
        return IsPlatforms(key) ? EntityApiErrors.ModelNotFound(key) : key;
    }

    public static Result<EntityId> Id(ApiCall call) =>
        Guid.TryParseExact(call.Route("entityId"), "D", out var id)
            ? new EntityId(id) : ApiErrors.PathValue("entityId", "a UUID");

    /// <summary>The platform's own resources are entities too, but no business of this API.</summary>
    public static bool IsPlatforms(ModelKey model) =>
        model.Name.StartsWith(CompositeDefinitions.PlatformPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>As of when: pointInTime, or transactionId, or now. The contract allows only one of the two.</summary>
    public static async ValueTask<Result<AsOf>> AsOfAsync(ApiCall call, IEntityLog log, TenantId tenant)
    {
        if (!call.QueryTime("pointInTime").TryGet(out var time, out var error)) return error;
        if (!call.Query("transactionId").TryGet(out var text, out error)) return error;
        if (text is null) return time is { } at ? AsOf.At(at) : AsOf.Latest;
        if (time is not null) return EntityApiErrors.TimeOrTransaction;
        if (!Guid.TryParseExact(text, "D", out var id)) return ApiErrors.QueryValue("transactionId", "a UUID");
        return await log.FindCommitAsync(tenant, new CommitId(id), call.Aborted) is { } revision
            ? AsOf.At(revision)
            : new Error(ErrorKind.NotFound, "ENTITY_NOT_FOUND", $"There is no transaction {id}.",
                "A transaction whose revisions were dropped by a retention rule is no longer known either.");
    }

    /// <summary>If-Match as the transaction that wrote the entity last; null: any.</summary>
    public static Result<CommitId?> IfMatch(ApiCall call)
    {
        var sent = call.Http.Request.Headers.IfMatch;
        if (sent.Count == 0 || sent is [ApiCall.AnyRevision]) return (CommitId?)null;
        return sent is [{ } text] && Guid.TryParseExact(text.Trim('"'), "D", out var id)
            ? new CommitId(id)
            : ApiErrors.HeaderValue("If-Match", "one transactionId, or *");
    }
}

using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Log;
using Strata.EntityApi.Entities;

namespace Strata.EntityApi.Messages;

/// <summary>Deletes one message, or many in transactions of transactionSize.</summary>
internal sealed class MessageDeleteEndpoints(IMessages messages, Idempotency idempotency)
{
    private const int SizeDefault = 1_000;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("DELETE", "/api/message/{messageId}", EntityOperations.Write,
            new Operation { Id = "deleteMessage", Summary = "Delete one message.", Tag = "message", Parameters = [Parameter.IdempotencyKey],
                Answer = AnswerSchemas.Of("deleteMessage") }, DeleteOneAsync);
        routes.MapApi("DELETE", "/api/message", EntityOperations.Write,
            new Operation
            {
                Id = "deleteMessages",
                Summary = "Delete messages by their ids; missing ones are skipped.",
                Tag = "message",
                Parameters = [Parameter.IdempotencyKey,
                    Parameter.Query("transactionSize", "Messages per transaction.", Schemas.Integer(1, WriteSettings.WindowMax))],
                Body = Content.Json(Schemas.List(Schemas.Uuid())),
                Answer = AnswerSchemas.Of("deleteMessages"),
            },
            DeleteManyAsync);
    }

    private async Task<Result<Answer>> DeleteOneAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!MessageCall.Id(call).TryGet(out var id, out error)) return error;
        if (!idempotency.Begin(call, caller.Tenant).TryGet(out var keyed, out error)) return error;
        using (keyed)
        {
            if (!(await DeleteAsync(caller.Tenant, keyed, 0, [id], call.Aborted)).TryGet(out var deleted, out error)) return error;
            return deleted.Count == 0 ? MessageCall.NotFound(id) : Answer.Json(json => Write(json, deleted, null));
        }
    }

    private async Task<Result<Answer>> DeleteManyAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!call.QueryInt("transactionSize", SizeDefault, 1, WriteSettings.WindowMax).TryGet(out var size, out error)) return error;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), "application/json")).TryGet(out var body, out error)) return error;
        if (!ReadIds(body).TryGet(out var ids, out error)) return error;
        if (!idempotency.Begin(call, caller.Tenant).TryGet(out var keyed, out error)) return error;
        using (keyed)
        {
            keyed?.Append(body.Utf8.Span);
            var done = new List<IReadOnlyList<EntityId>>();
            foreach (var chunk in ids.Chunk(size))
            {
                if (!(await DeleteAsync(caller.Tenant, keyed, done.Count, chunk, call.Aborted)).TryGet(out var deleted, out error))
                    return error;
                done.Add(deleted);
            }
            return Answer.Json(json => Write(json, done));
        }
    }

    private async ValueTask<Result<IReadOnlyList<EntityId>>> DeleteAsync(
        TenantId tenant, KeyedRequest? keyed, int part, EntityId[] ids, CancellationToken cancellationToken)
    {
        if (keyed is null) return Result.Of(await messages.DeleteAsync(tenant, ids, null, cancellationToken));
        var request = keyed.Part(part);
        if (await messages.FindDeletionAsync(tenant, request.Commit, cancellationToken) is { } before)
            return keyed.Check(before.Fingerprint) is { } error ? error : Result.Of(before.Ids);
        return Result.Of(
            await messages.DeleteAsync(tenant, ids, new RequestOfDeletion(request.Commit, request.Fingerprint), cancellationToken));
    }

    private static Result<HashSet<EntityId>> ReadIds(JsonText body)
    {
        using var json = body.Parse();
        if (json.RootElement.ValueKind != JsonValueKind.Array) return ApiErrors.Body("a list of ids of messages");
        if (json.RootElement.GetArrayLength() > EntityOperations.ItemsMax)
            return EntityApiErrors.TooManyIds(EntityOperations.ItemsMax);
        var ids = new HashSet<EntityId>();
        foreach (var item in json.RootElement.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || !Guid.TryParseExact(item.GetString(), "D", out var id))
                return ApiErrors.BodyValue($"[{ids.Count}]", "a UUID, the id of a message");
            ids.Add(new EntityId(id));
        }
        return ids;
    }

    private static void Write(Utf8JsonWriter json, List<IReadOnlyList<EntityId>> chunks)
    {
        json.WriteStartArray();
        foreach (var chunk in chunks) Write(json, chunk, true);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<EntityId> ids, bool? success)
    {
        json.WriteStartObject();
        json.WriteStartArray("entityIds");
        foreach (var id in ids) json.WriteStringValue(id.Value);
        json.WriteEndArray();
        if (success is { } whether) json.WriteBoolean("success", whether);
        json.WriteEndObject();
    }
}

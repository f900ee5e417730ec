using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.Idempotency;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.EntityApi.Entities;

namespace Strata.EntityApi.Messages;

/// <summary>Messages: save and get, both streamed, so that a payload of any size takes no more memory than a small one.</summary>
internal sealed class MessageEndpoints(IMessages messages, Idempotency idempotency, EntityApiLimits limits, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("POST", "/api/message/new/{subject}", EntityOperations.Write, Describe("saveMessage", "Save a message.") with
        {
            Parameters = [Parameter.IdempotencyKey, EntityOperations.Timeout,
                .. MessageHead.Headers.Select(h => Parameter.Header(h, "Kept with the message."))],
            Body = Content.Json(Schemas.Members([("payload", Schemas.Any()), ("metaData", Schemas.Object())], "payload")),
        }, SaveAsync);
        routes.MapApi("GET", "/api/message/{messageId}", EntityOperations.Read, Describe("getMessage", "One message."), GetAsync);
        routes.MapApi("GET", "/api/message/get/{messageId}", EntityOperations.Read,
            Describe("getMessageByOlderPath", "One message, by the path of older clients."), GetAsync);
    }

    private static Operation Describe(string id, string summary) =>
        new() { Id = id, Summary = summary, Tag = "message", Answer = AnswerSchemas.Of(id) };

    private async Task<Result<Answer>> SaveAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!MessageHead.Read(call).TryGet(out var head, out error)) return error;
        if (!WriteSettings.Read(call).TryGet(out var settings, out error)) return error;
        if (!Admit(call.Http).TryGet(out _, out error)) return error;
        if (!idempotency.Begin(call, caller.Tenant).TryGet(out var keyed, out error)) return error;
        var deadline = settings.Begin(caller, null, time).Deadline;
        using (keyed)
        using (var upload = new MessageUpload(messages, caller.Tenant, EntityId.New(time).Value, limits.MessageBytesMax))
        {
            var saved = false;
            try
            {
                if (await upload.ReadAsync(call.Http.Request.BodyReader, keyed, call.Aborted) is { } fault) return fault;
                if (keyed is not null && await ReplayAsync(caller.Tenant, keyed, call.Aborted) is { } before) return before;
                if (deadline < time.GetUtcNow()) return EntityApiErrors.TooLate;
                var (id, transaction) = (keyed is null ? EntityId.New(time) : new EntityId(keyed.Id.Value), CommitId.New(time));
                saved = await upload.SaveAsync(id, transaction, head, keyed?.Fingerprint, call.Aborted);
                return saved ? Saved(id, transaction) : await LostAsync(caller.Tenant, keyed, call.Aborted);
            }
            finally
            {
                if (!saved) await upload.DropAsync();
            }
        }
    }

    /// <summary>The server's own bound on bodies is for those that are held in memory.</summary>
    private Result<Done> Admit(HttpContext http)
    {
        if (http.Request.ContentLength > limits.MessageBytesMax) return ApiErrors.TooLarge(limits.MessageBytesMax);
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
            feature.MaxRequestBodySize = limits.MessageBytesMax + 1;
        return new Done();
    }

    private async ValueTask<Result<Answer>?> ReplayAsync(TenantId tenant, KeyedRequest keyed, CancellationToken cancellationToken)
    {
        if (await messages.FindAsync(tenant, new EntityId(keyed.Id.Value), cancellationToken) is not { } before) return null;
        return keyed.Check(before.Fingerprint ?? "") is { } error ? error : Saved(before.Id, before.Transaction);
    }

    /// <summary>Another server was faster with the same key, or the upload took longer than it is kept.</summary>
    private async ValueTask<Result<Answer>> LostAsync(TenantId tenant, KeyedRequest? keyed, CancellationToken cancellationToken) =>
        keyed is not null && await ReplayAsync(tenant, keyed, cancellationToken) is { } before ? before : EntityApiErrors.TooLate;

    private async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!MessageCall.Id(call).TryGet(out var id, out error)) return error;
        if (await messages.FindAsync(caller.Tenant, id, call.Aborted) is not { } message) return MessageCall.NotFound(id);
        if (await messages.ReadAsync(caller.Tenant, message.Upload, 0, call.Aborted) is not { } first) return MessageCall.NotFound(id);
        return Answer.Stream(http => WriteAsync(http, caller.Tenant, message, first));
    }

    /// <summary>
    /// Piece by piece at the client's pace; if the message is deleted meanwhile, the connection ends before its content does.
    /// </summary>
    private async Task WriteAsync(HttpContext http, TenantId tenant, Message message, ReadOnlyMemory<byte> piece)
    {
        var head = message.Head.Utf8[..^1]; // without its closing brace
        var (response, content) = (http.Response, ",\"content\":"u8.ToArray());
        response.ContentType = "application/json";
        response.ContentLength = head.Length + content.Length + message.PayloadBytes + 1;
        await response.BodyWriter.WriteAsync(head, http.RequestAborted);
        await response.BodyWriter.WriteAsync(content, http.RequestAborted);
        for (var position = 0; ;)
        {
            await response.BodyWriter.WriteAsync(piece, http.RequestAborted);
            if (++position == message.Pieces) break;
            piece = await messages.ReadAsync(tenant, message.Upload, position, http.RequestAborted)
                ?? throw MessageCall.NotFound(message.Id).ToException();
        }
        await response.BodyWriter.WriteAsync("}"u8.ToArray(), http.RequestAborted);
    }

    private static Answer Saved(EntityId id, CommitId transaction) => Answer.Json(json =>
    {
        json.WriteStartArray();
        json.WriteStartObject();
        json.WriteString("transactionId", transaction.Value);
        json.WriteStartArray("entityIds");
        json.WriteStringValue(id.Value);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    });
}

using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.EntityApi.Webhooks;

/// <summary>What is more than a resource about webhooks: their secrets, how deliveries go, and dead letters.</summary>
internal sealed class WebhookEndpoints(
    ResourceStore<WebhookSpec, WebhookStatus> store, IEntityLog log, IDurableValues durable, SealedSecrets secrets, TimeProvider time)
{
    private const string One = "/api/v1/webhooks/{nameOrId}";
    private const int SecretBytes = 32;

    private static readonly Error NoSuchLetter = new(
        ErrorKind.NotFound, "NOT_FOUND", "That revision has no dead letter.", "List the dead letters with GET …/deliveries.");

    public static string ContextOf(EntityId webhook) => $"webhook/{webhook}";

    public void Map(IEndpointRouteBuilder routes)
    {
        var (read, write) = (WebhookKind.Kind.ReadPermission, WebhookKind.Kind.WritePermission);
        const string makes = "Make a new secret, which is shown only once; deliveries start with the first secret.";
        routes.MapApi("POST", One + "/secret", write,
            Describe("makeWebhookSecret", makes, Schemas.Members([("secret", Schemas.Text())], "secret")) with
        {
            Repeatable = "Only the last secret is valid; after a lost answer, send the request again to get a new one.",
        }, MakeSecretAsync);
        routes.MapApi(
            "GET", One + "/deliveries", read, Describe(
                "getWebhookDeliveries", "The progress of deliveries, the last error, and the dead letters.",
                Schemas.OfAnswer(typeof(Deliveries))) with
        {
            Parameters =
            [
                Parameter.Query("limit", "Dead letters of a page.", Schemas.Integer(1, PageLimits.Max)),
                Parameter.Query("cursor", "The nextCursor of the previous page.", Schemas.Text()),
            ],
        }, GetDeliveriesAsync);
        routes.MapApi(
            "DELETE", One + "/deliveries", write, Describe("discardWebhookDeadLetters", "Delete the dead letters.", Schemas.Any()) with
        {
            Status = 204,
            Answer = null,
            Repeatable = "Deleting twice has the same effect as once.",
        }, DiscardAsync);
        routes.MapApi(
            "POST", One + "/replay", write, Describe(
                "replayWebhook", "Send dead letters again: one, or all.",
                Schemas.Members([("replaying", Schemas.Integer(0, int.MaxValue))], "replaying")) with
        {
            Parameters = [Parameter.Query("revision", "Of one dead letter; without it, all.", Schemas.Integer(1, long.MaxValue))],
            Repeatable = "It marks dead letters for resending: "
                + "marking one twice has the same effect as once, and a delivered one is no longer a dead letter.",
        }, ReplayAsync);
    }

    private static Operation Describe(string id, string summary, JsonNode answer) =>
        new() { Id = id, Summary = summary, Tag = WebhookKind.Kind.Plural, Answer = Content.Json(answer) };

    private async Task<Result<Answer>> MakeSecretAsync(ApiCall call)
    {
        if (!(await FindAsync(call)).TryGet(out var found, out var error)) return error;
        var secret = "whsec_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        var text = secrets.Seal(secret, ContextOf(found.Id));
        var head = await log.HeadAsync(found.Caller.Tenant, call.Aborted);
        var transition = found.Webhook.State == WebhookKind.Pending ? WebhookKind.Activate : null;
        var changed = await store.ChangeAsync(
            found.Caller, found.Webhook.Id, w =>
                w with { Status = w.Status with { Secret = text, SecretMadeAt = time.GetUtcNow(), From = w.Status.From ?? head.Value } },
            transition, null, call.Aborted);
        if (!changed.IsOk) return changed.Error;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("secret", secret);
            json.WriteEndObject();
        });
    }

    private async Task<Result<Answer>> GetDeliveriesAsync(ApiCall call)
    {
        if (!(await FindAsync(call)).TryGet(out var found, out var error)) return error;
        if (!call.QueryInt("limit", PageLimits.Default, 1, PageLimits.Max).TryGet(out var limit, out error)) return error;
        if (!call.Query("cursor").TryGet(out var sent, out error)) return error;
        if (!TryReadRevision(sent, out var cursor)) return ResourceErrors.BadCursor;
        var head = await log.HeadAsync(found.Caller.Tenant, call.Aborted);
        if (cursor > head.Value) return ResourceErrors.BadCursor;
        var kept = new WebhookProgress(durable, found.Caller.Tenant, found.Id);
        var letters = await kept.LettersAsync(cursor ?? 0, limit, call.Aborted);
        var position = (await kept.PositionAsync(call.Aborted))?.Value ?? found.Webhook.Status.From;
        var trouble = await kept.TroubleAsync(call.Aborted);
        return Answer.Json(
            new Deliveries(position, head.Value, trouble, letters,
                letters.Count == limit ? letters[^1].Through.ToString(CultureInfo.InvariantCulture) : null));
    }

    private async Task<Result<Answer>> DiscardAsync(ApiCall call)
    {
        if (!(await FindAsync(call)).TryGet(out var found, out var error)) return error;
        await new WebhookProgress(durable, found.Caller.Tenant, found.Id).ForgetLettersAsync(call.Aborted);
        return Answer.NoContent;
    }

    private async Task<Result<Answer>> ReplayAsync(ApiCall call)
    {
        if (!(await FindAsync(call)).TryGet(out var found, out var error)) return error;
        if (!call.Query("revision").TryGet(out var sent, out error)) return error;
        if (!TryReadRevision(sent, out var revision)) return ApiErrors.QueryValue("revision", "a revision, which is a whole number from 1");
        var kept = new WebhookProgress(durable, found.Caller.Tenant, found.Id);
        var letters = await kept.LettersAsync((revision ?? 1) - 1, revision is null ? WebhookProgress.DeadLettersMax : 1, call.Aborted);
        if (revision is not null && (letters.Count == 0 || letters[0].Through != revision)) return NoSuchLetter;
        foreach (var letter in letters) await kept.BuryAsync(letter with { Replay = true }, call.Aborted);
        if (letters.Count > 0) // the change wakes its loop, which looks for what is to be sent again
        {
            var changed = await store.ChangeAsync(
                found.Caller, found.Webhook.Id, w => w with { Status = w.Status with { Replays = w.Status.Replays + 1 } }, null, null,
                call.Aborted);
            if (!changed.IsOk) return changed.Error;
        }
        return Answer.Json(json => WriteCount(json, letters.Count));
    }

    private async ValueTask<Result<Found>> FindAsync(ApiCall call)
    {
        if (call.Principal.Project is not null) return ResourceErrors.NotFound(WebhookKind.Kind, call.Route("nameOrId"));
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!(await store.GetAsync(caller, call.Route("nameOrId"), AsOf.Latest, call.Aborted)).TryGet(out var webhook, out error))
            return error;
        return WebhookKind.Kind.TryParseId(webhook.Id, out var id)
            ? new Found(caller, id, webhook) : ResourceErrors.NotFound(WebhookKind.Kind, webhook.Id);
    }

    /// <param name="revision">Null where there is no text.</param>
    private static bool TryReadRevision(string? text, out long? revision)
    {
        revision = null;
        if (text is null) return true;
        var isOne = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0;
        if (isOne) revision = value;
        return isOne;
    }

    private static void WriteCount(Utf8JsonWriter json, int count)
    {
        json.WriteStartObject();
        json.WriteNumber("replaying", count);
        json.WriteEndObject();
    }

    private sealed record Found(Caller Caller, EntityId Id, Resource<WebhookSpec, WebhookStatus> Webhook);

    private sealed record Deliveries(long? Position, long Head, WebhookTrouble? Trouble, IReadOnlyList<DeadLetter> Items, string? Next);
}

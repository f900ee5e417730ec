using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Api.Shares;
using Strata.Api.Watch;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Feed;

namespace Strata.EntityApi.Feed;

/// <summary>GET /api/entity/feed: every change of the organization's entities, in order, from any revision on.</summary>
internal sealed class FeedEndpoints(
    IEntityLog log, ModelCatalog catalog, ChangeFeed feed, OpenStreams streams, StreamAccess access, TimeProvider time,
    IHostApplicationLifetime lifetime)
{
    public const string Permission = "entities.read";

    private const string LastEventId = "Last-Event-ID";

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi("GET", "/api/entity/feed", Permission, new Operation
    {
        Id = "followEntities",
        Summary = "Every change of entities in order, at least once, from a revision on: as lines of JSON, or as server-sent events where Accept asks for them.",
        Tag = "entity",
        Parameters =
        [
            Parameter.Query("from", "Only changes after this revision. Without it: from the beginning, or with follow from now on.",
                Schemas.Integer(0, long.MaxValue)),
            Parameter.Query("model", "Only of this model, as name or name.version.", Schemas.Text()),
            Parameter.Query("follow", "Keep the response open and send new changes; server-sent events always do.", Schemas.Flag()),
            Parameter.Header(LastEventId, "Like from, and takes precedence over it: the id of the last event that was handled."),
        ],
        Answer = AnswerSchemas.Of("followEntities", EventStream.Lines)! with { MediaTypes = [EventStream.Lines, EventStream.Events] },
    }, StartAsync);

    private async Task<Result<Answer>> StartAsync(ApiCall call)
    {
        if (!EntityCall.CallerOf(call).TryGet(out var caller, out var error)) return error;
        if (!(await ReadModelsAsync(call, caller)).TryGet(out var models, out error)) return error;
        if (!call.QueryFlag("follow").TryGet(out var follow, out error)) return error;
        var asEvents = WantsEvents(call);
        if (!ReadFrom(call).TryGet(out var from, out error)) return error;
        var head = await log.HeadAsync(caller.Tenant, call.Aborted);
        if (from > head) return ApiErrors.Query(
                "from", $"is ahead of the log, which ends at {head}.", $"Set from to a revision from 0 to {head}, or leave it out.");
        if (!streams.TryOpen(call.Principal, caller.Tenant).TryGet(out var place, out error)) return error;
        var request = new FeedRequest(
            caller.Tenant, models, from ?? (follow || asEvents ? head : Revision.None), follow || asEvents ? null : head);
        return Answer.Stream(async http =>
        {
            using (place)
            using (var stream = new FeedStream(http, request, asEvents, feed, access, time, lifetime)) await stream.RunAsync();
        });
    }

    private static bool WantsEvents(ApiCall call) =>
        call.Http.Request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals(EventStream.Events, StringComparison.OrdinalIgnoreCase));

    private async ValueTask<Result<ModelFilter>> ReadModelsAsync(ApiCall call, Caller caller)
    {
        if (!call.Query("model").TryGet(out var text, out var error)) return error;
        if (text is null) return ModelFilter.Users;
        if (!ModelPattern.TryParse(text, out var pattern)) return ApiErrors.QueryValue("model", "a model's name, or name.version");
        if (!(await catalog.ListAsync(caller, call.Aborted)).TryGet(out var models, out error)) return error;
        var filter = ModelFilter.Of([pattern]);
        return models.Any(m => filter.Wants(m.Key))
            ? filter : EntityApiErrors.ModelNotFound(new ModelKey(pattern.Name, pattern.Version ?? 1));
    }

    private static Result<Revision?> ReadFrom(ApiCall call)
    {
        if (!call.Query("from").TryGet(out var text, out var error)) return error;
        Revision? from = null;
        if (text is not null && !TryRead(text, out from)) return ApiErrors.QueryValue("from", "a revision, which is a whole number from 0");
        var sent = call.Http.Request.Headers[LastEventId];
        if (sent.Count == 0) return from;
        return sent is [{ } id] && TryRead(id, out var last)
            ? last : ApiErrors.HeaderValue(LastEventId, "the id of an event, which is a revision");
    }

    private static bool TryRead(string text, out Revision? revision)
    {
        var isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        revision = isNumber ? new Revision(value) : null;
        return isNumber;
    }
}

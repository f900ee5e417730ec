using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.EntityApi.Entities;
using Strata.EntityApi.Models;

namespace Strata.EntityApi.Retention;

/// <summary>How long a model's superseded revisions are kept.</summary>
internal sealed class RetentionEndpoints(ModelCatalog catalog, ModelWrite writes)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        const string Path = "/api/model/{entityName}/{modelVersion}/retention";
        var body = Content.Json(
            Schemas.Closed(
                [("keepSupersededDays", Schemas.Integer(ModelRetention.DaysMin, ModelRetention.DaysMax))], "keepSupersededDays"));
        routes.MapApi("GET", Path, "models.read",
            Describe("getRetention", "How long superseded revisions are kept, and what was dropped."), GetAsync);
        routes.MapApi("PUT", Path, "models.write",
            Change("setRetention", "Drop superseded revisions after so many days.") with { Body = body }, SetAsync);
        routes.MapApi("DELETE", Path, "models.write", Change("deleteRetention", "Drop nothing more."), DeleteAsync);
    }

    private static Operation Describe(string id, string summary) =>
        new() { Id = id, Summary = summary, Tag = "model", Answer = AnswerSchemas.Of(id) };

    private static Operation Change(string id, string summary) => Describe(id, summary) with { Parameters = [Parameter.IdempotencyKey] };

    private async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        if (!(await catalog.GetAsync(target.Caller, target.Model, AsOf.Latest, call.Aborted)).TryGet(out var model, out error))
            return error;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            model.Retention?.WriteMembers(json);
            json.WriteEndObject();
        });
    }

    private async Task<Result<Answer>> SetAsync(ApiCall call)
    {
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), "application/json")).TryGet(out var body, out var error))
            return error;
        return await writes.RunAsync(
            call, body, async target => (await catalog.SetRetentionAsync(target.Caller, target.Model, body, call.Aborted)).Error, model =>
                Became(model, "has its retention rule"));
    }

    private Task<Result<Answer>> DeleteAsync(ApiCall call) => writes.RunAsync(
        call, default, async target => (await catalog.EndRetentionAsync(target.Caller, target.Model, call.Aborted)).Error, model =>
            Became(model, "has no retention rule"));

    private static Answer Became(ModelKey model, string became) =>
        Answer.Json(json => ModelWriter.WriteAction(json, StoredModel.IdOf(model), model, true, $"The model {model} {became}."));
}

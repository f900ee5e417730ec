using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.EntityApi.Entities;
using Strata.EntityApi.Models;

namespace Strata.EntityApi.Workflows;

/// <summary>The workflows of a model, under /api/model: imported and exported as text that is kept unchanged.</summary>
internal sealed class WorkflowEndpoints(ModelCatalog catalog, ModelWrite writes)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        const string Workflow = "/api/model/{entityName}/{modelVersion}/workflow";
        routes.MapApi("GET", Workflow + "/export", "models.read",
            Describe("exportWorkflows", "The workflows of a model, as they were imported."), ExportAsync);
        routes.MapApi("POST", Workflow + "/import", "models.write", Describe("importWorkflows", "Import workflows into a model.") with
        {
            Parameters = [Parameter.IdempotencyKey],
            Body = Content.Json(Import()),
        }, ImportAsync);
    }

    private static Operation Describe(string id, string summary) =>
        new() { Id = id, Summary = summary, Tag = "model", Answer = AnswerSchemas.Of(id) };

    private static JsonObject Import() => Schemas.Members(
        [
            ("workflows", Schemas.List(Schemas.Object())),
            ("importMode", Schemas.OneOf("MERGE", "REPLACE", "ACTIVATE")),
            ("allowCycles", Schemas.Flag()),
        ], "workflows");

    private async Task<Result<Answer>> ExportAsync(ApiCall call)
    {
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        if (!(await catalog.ExportWorkflowsAsync(target.Caller, target.Model, call.Aborted)).TryGet(out var export, out error))
            return error;
        return Answer.Json(json => json.WriteRawValue(export.Utf8.Span, skipInputValidation: true));
    }

    private async Task<Result<Answer>> ImportAsync(ApiCall call)
    {
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), "application/json")).TryGet(out var body, out var error))
            return error;
        return await writes.RunAsync(call, body,
            async target => (await catalog.ImportWorkflowsAsync(target.Caller, target.Model, body, call.Aborted)).Error, _ => Imported());
    }

    private static Answer Imported() => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("success", true);
        json.WriteEndObject();
    });
}

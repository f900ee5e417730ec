using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;
using Strata.EntityApi.Entities;
using Strata.EntityApi.Xml;

namespace Strata.EntityApi.Models;

/// <summary>Structures of models in and out: samples, views and schemas, and documents to be checked against them.</summary>
internal sealed class ModelTransferEndpoints(ModelCatalog catalog, ModelWrite writes)
{
    private const string Json = "application/json";
    private static readonly string[] Xml = ["application/xml", "text/xml"];

    private static readonly Dictionary<string, ModelConverter> Converters = new(StringComparer.Ordinal)
    {
        ["SAMPLE_DATA"] = ModelConverter.SampleData,
        ["SIMPLE_VIEW"] = ModelConverter.SimpleView,
        ["JSON_SCHEMA"] = ModelConverter.JsonSchema,
    };

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("GET", "/api/model/export/{converter}/{entityName}/{modelVersion}", "models.read", new Operation
        {
            Id = "exportModel",
            Summary = "The structure of a model, as SIMPLE_VIEW or JSON_SCHEMA.",
            Tag = "model",
            Answer = AnswerSchemas.Of("exportModel"),
        }, ExportAsync);
        routes.MapApi("POST", "/api/model/import/{dataFormat}/{converter}/{entityName}/{modelVersion}", "models.write", new Operation
        {
            Id = "importModel",
            Summary = "Learn a model's structure: "
                + "from samples in JSON or XML (SAMPLE_DATA), or the result of an export (SIMPLE_VIEW, JSON_SCHEMA).",
            Tag = "model",
            Parameters = [Parameter.IdempotencyKey],
            Body = new Content([Json, .. Xml], Schemas.Any()),
            Answer = Content.Json(Schemas.Uuid()),
        }, ImportAsync);
        routes.MapApi("POST", "/api/model/validate/{entityName}/{modelVersion}", "models.read", new Operation
        {
            Id = "validateDocument",
            Summary = "Check whether a document fits a model.",
            Tag = "model",
            Body = Content.Json(Schemas.Object()),
            Answer = AnswerSchemas.Of("validateDocument"),
            Repeatable = "It only reads.",
        }, ValidateAsync);
    }

    private async Task<Result<Answer>> ExportAsync(ApiCall call)
    {
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        if (!Converters.TryGetValue(call.Route("converter"), out var converter) || converter == ModelConverter.SampleData)
            return ApiErrors.PathValue("converter", "SIMPLE_VIEW or JSON_SCHEMA");
        if (!(await catalog.GetAsync(target.Caller, target.Model, AsOf.Latest, call.Aborted)).TryGet(out var model, out error))
            return error;
        var view = converter == ModelConverter.SimpleView ? model.ToSimpleView() : model.ToJsonSchema();
        return Answer.Json(json => ModelWriter.WriteExport(json, model, view));
    }

    private async Task<Result<Answer>> ImportAsync(ApiCall call)
    {
        if (!Converters.TryGetValue(call.Route("converter"), out var converter))
            return ApiErrors.PathValue("converter", "SAMPLE_DATA, SIMPLE_VIEW or JSON_SCHEMA");
        if (!(await ReadImportAsync(call, converter)).TryGet(out var body, out var error)) return error;
        return await writes.RunAsync(
            call, body, async target => (await catalog.ImportAsync(target.Caller, target.Model, converter, body, call.Aborted)).Error,
            model => Answer.Json(json => json.WriteStringValue(StoredModel.IdOf(model).Value)));
    }

    private static async ValueTask<Result<JsonText>> ReadImportAsync(ApiCall call, ModelConverter converter)
    {
        switch (call.Route("dataFormat").ToUpperInvariant())
        {
            case "JSON":
                return await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), Json);
            case "XML" when converter == ModelConverter.SampleData:
                return (await call.ReadBodyAsync(EntityCall.BodyBytesMax(call), Xml)).Then(XmlDocuments.ToJson);
            case "XML":
                return ApiErrors.PathValue("dataFormat", "JSON; only SAMPLE_DATA can be XML");
            default:
                return ApiErrors.PathValue("dataFormat", "JSON or XML");
        }
    }

    private async Task<Result<Answer>> ValidateAsync(ApiCall call)
    {
        if (!ModelTarget.Of(call).TryGet(out var target, out var error)) return error;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), Json)).TryGet(out var body, out error)) return error;
        if (body.Utf8.Span.TrimStart(" \t\r\n"u8) is not [(byte)'{', ..])
            return ApiErrors.Body("a JSON object");
        if (!(await catalog.ValidateAsync(target.Caller, target.Model, body, call.Aborted)).TryGet(out var validated, out error))
            return error;
        var message = validated.Fault?.ToString() ?? $"The document fits the model {target.Model}.";
        return Answer.Json(json => ModelWriter.WriteAction(json, validated.Model.Id, target.Model, validated.Fault is null, message));
    }
}

using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.EntityApi.Entities;

/// <summary>Creates an entity, or several of one model from an array.</summary>
internal sealed class EntityCreateEndpoints(EntityEngine engine, ChunkedWrite chunks, TimeProvider time)
{
    private readonly CreateChunk writer = new(engine, time);

    public void Map(IEndpointRouteBuilder routes) => routes.MapApi(
        "POST", "/api/entity/{format}/{entityName}/{modelVersion}", EntityOperations.Write,
        EntityOperations.Describe("createEntity", "Create an entity, or several from an array, in transactions of transactionWindow.") with
        {
            Parameters = EntityOperations.WritingMany,
            Body = new Content(["application/json", "application/xml"], Schemas.Any()),
        },
        CreateAsync).JoinsTransactions();

    private async Task<Result<Answer>> CreateAsync(ApiCall call)
    {
        if (!EntityBodies.IsXml(call).TryGet(out _, out var error)) return error;
        if (!ModelTarget.JoiningOf(call).TryGet(out var target, out error)) return error;
        if (!WriteSettings.Read(call).TryGet(out var settings, out error)) return error;
        if (!(await EntityBodies.ReadAsync(call)).TryGet(out var body, out error)) return error;
        if (!EntityBodies.Split(body).TryGet(out var documents, out error)) return error;
        var entities = documents.Select(document => new NewEntity(target.Model, document));
        return await chunks.RunAsync(call, target.Caller, settings, body, entities, writer);
    }
}

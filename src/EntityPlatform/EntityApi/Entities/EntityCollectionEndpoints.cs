using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.EntityApi.Entities;

/// <summary>Creates and changes entities of any models together; each item carries its entity as text.</summary>
internal sealed class EntityCollectionEndpoints(EntityEngine engine, ChunkedWrite chunks, TimeProvider time)
{
    private const string Path = "/api/entity/{format}";
    private readonly CreateChunk creation = new(engine, time);
    private readonly UpdateChunk update = new(engine, time);

    public void Map(IEndpointRouteBuilder routes)
    {
        var model = Schemas.Members([("name", Schemas.Text()), ("version", Schemas.Integer(1, int.MaxValue))], "name", "version");
        var created = Schemas.Members([("model", model), ("payload", Schemas.Text())], "model", "payload");
        var changed = Schemas.Members(
            [("id", Schemas.Uuid()), ("payload", Schemas.Text()), ("transition", Schemas.Text()), ("ifMatch", Schemas.Text())],
            "id", "payload");
        routes.MapApi("POST", Path, EntityOperations.Write,
            EntityOperations.Describe("createEntities", "Create entities of any models, in transactions of transactionWindow.") with
            {
                Parameters = EntityOperations.WritingMany,
                Body = Content.Json(Schemas.List(created)),
            },
            call => RunAsync(call, CollectionItems.ReadNew, creation)).JoinsTransactions();
        routes.MapApi("PUT", Path, EntityOperations.Write,
            EntityOperations.Describe("updateEntities", "Change entities of any models, in transactions of transactionWindow.") with
            {
                Parameters = EntityOperations.WritingMany,
                Body = Content.Json(Schemas.List(changed)),
            },
            call => RunAsync(call, CollectionItems.ReadChanges, update)).JoinsTransactions();
    }

    private async Task<Result<Answer>> RunAsync<T>(ApiCall call, Func<JsonText, bool, Result<List<T>>> read, IChunkWriter<T> writer)
    {
        if (!EntityBodies.IsXml(call).TryGet(out var isXml, out var error)) return error;
        if (!EntityCall.JoinerOf(call).TryGet(out var caller, out error)) return error;
        if (!WriteSettings.Read(call).TryGet(out var settings, out error)) return error;
        if (!(await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), "application/json")).TryGet(out var body, out error)) return error;
        if (!read(body, isXml).TryGet(out var items, out error)) return error;
        return await chunks.RunAsync(call, caller, settings, body, items, writer);
    }
}

using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.EntityApi.Entities;

namespace Strata.EntityApi.Workflows;

/// <summary>What would happen if an entity were changed, and why not more. Nothing is written, so reading is permission enough.</summary>
internal sealed class DryRunEndpoints(EntityEngine engine)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        const string One = "/api/entity/{format}/{entityId}";
        Map(routes, One + "/dry-run", "dryRunUpdate", "What an update without a transition would do, and where and why it would stop.");
        Map(routes, One + "/{transition}/dry-run", "dryRunTransition", "What a transition would do, and where and why it would stop.");
    }

    private void Map(IEndpointRouteBuilder routes, string path, string id, string summary) =>
        routes.MapApi("POST", path, EntityOperations.Read, EntityOperations.Describe(id, summary) with
        {
            Parameters = [EntityOperations.IfMatch],
            Repeatable = "It changes nothing.",
            Body = new Content(["application/json", "application/xml"], Schemas.Object(), Required: false),
        }, TryAsync).JoinsTransactions();

    private async Task<Result<Answer>> TryAsync(ApiCall call)
    {
        if (!EntityBodies.IsXml(call).TryGet(out _, out var error)) return error;
        if (!EntityTarget.Of(call).TryGet(out var target, out error)) return error;
        if (!EntityCall.IfMatch(call).TryGet(out var ifMatch, out error)) return error;
        if (!(await ReadChangeAsync(call)).TryGet(out var apply, out error)) return error;
        var transition = call.Route("transition") is { Length: > 0 } name ? name : null;
        var change = new EntityChange(target.Id, ifMatch, transition, apply);
        if (!(await engine.DryRunAsync(target.Caller, target.Id, change.Apply, transition, call.Aborted)).TryGet(out var run, out error))
            return error;
        return Answer.Json(json => DryRunWriter.Write(json, run, transition));
    }

    /// <summary>The body in place of the document; without one the document unchanged.</summary>
    private static async ValueTask<Result<DocumentChange>> ReadChangeAsync(ApiCall call)
    {
        var hasBody = call.Http.Request.ContentLength is not 0
            && call.Http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false };
        if (!hasBody) return new DocumentChange(current => current.Document);
        return (await EntityBodies.ReadOneAsync(call)).TryGet(out var body, out var error) ? new DocumentChange(_ => body) : error;
    }
}

using System.Collections.Frozen;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Log;

namespace Strata.EntityApi;

/// <summary>
/// What tokens of one project (those of applications among them) may do with business data: what concerns a model that belongs to their
/// project, and nothing else. Each operation is one of these; one that is in none of the lists is closed to such tokens.
/// <list type="number">
/// <item>The engine or the model catalog decides (<see cref="Inside"/>).</item>
/// <item>The path names the entity: its model decides (<see cref="OfEntity"/>).</item>
/// <item>The path names the model: it decides, unless the operation concerns more than that (<see cref="Beyond"/>).</item>
/// </list>
/// </summary>
internal static class BusinessScope
{
    private static readonly FrozenSet<string> Inside = FrozenSet.Create(
        "listModels", "importModel", "createEntities", "updateEntities", "getEntity", "getEntityTransitions", "fetchTransitions",
        "updateEntity", "transitionEntity",
        "patchEntity", "patchEntityWithTransition", "takeTransition", "deleteEntity", "dryRunUpdate", "dryRunTransition");

    private static readonly FrozenSet<string> OfEntity = FrozenSet.Create(
        "getEntityChanges", "getEntityAudit", "getWorkflowFinished", "explainEntity");

    /// <summary>
    /// Search jobs do not record their project; a migration writes to another model; a project cannot give its model away.
    /// </summary>
    private static readonly FrozenSet<string> Beyond = FrozenSet.Create(
        "submitSearch", "submitSnapshotSearch", "migrateEntities", "setModelProject");

    public static void Apply(EndpointBuilder endpoint)
    {
        if (endpoint is not RouteEndpointBuilder route || route.Metadata.OfType<Operation>().FirstOrDefault() is not { } operation) return;
        var ofModel = route.RoutePattern.GetParameter("entityName") is not null
            && route.RoutePattern.GetParameter("modelVersion") is not null;
        if (Inside.Contains(operation.Id)) route.Metadata.Add(new ProjectScoped());
        else if (OfEntity.Contains(operation.Id)) route.Metadata.Add(new ProjectScoped(CheckEntityAsync));
        else if (ofModel && !Beyond.Contains(operation.Id)) route.Metadata.Add(new ProjectScoped(CheckModelAsync));
    }

    private static async ValueTask<Error?> CheckModelAsync(HttpContext http, Principal principal)
    {
        // refused by the handler, whichever it is
        if (!int.TryParse(http.Request.RouteValues["modelVersion"] as string, out var version)) return null;
        var model = new ModelKey(http.Request.RouteValues["entityName"] as string ?? "", version);
        return await ReachesAsync(http, principal, model) ? null : EntityApiErrors.ModelNotFound(model);
    }

    private static async ValueTask<Error?> CheckEntityAsync(HttpContext http, Principal principal)
    {
        if (!Guid.TryParseExact(http.Request.RouteValues["entityId"] as string, "D", out var id)) return null;
        var newest = await http.RequestServices.GetRequiredService<IEntityLog>()
            .TrailAsync(principal.Tenant, new EntityId(id), null, 1, http.RequestAborted);
        return newest is [var one] && await ReachesAsync(http, principal, one.Model) ? null : EntityApiErrors.EntityNotFound(id.ToString());
    }

    private static ValueTask<bool> ReachesAsync(HttpContext http, Principal principal, ModelKey model) =>
        http.RequestServices.GetRequiredService<ModelCatalog>().ReachesAsync(principal.Caller, model, http.RequestAborted);
}

using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Entities.Narrative;
using Strata.EntityApi.Entities;

namespace Strata.EntityApi.Workflows;

/// <summary>Why an entity is in the state that it is in: the story of its life, as text for people or JSON for programs.</summary>
internal sealed class StoryEndpoints(EntityEngine engine)
{
    public void Map(IEndpointRouteBuilder routes) =>
        routes.MapApi("GET", "/api/entity/{entityId}/why", EntityOperations.Read, Describe(), TellAsync).JoinsTransactions();

    private static Operation Describe() =>
        EntityOperations.Describe("explainEntity", "Why an entity is in its state, in sentences; JSON by Accept.") with
    {
        Answer = new Content(
            ["text/plain", "application/json"], new JsonObject { ["anyOf"] = new JsonArray(Schemas.Text(), Described()) }),
    };

    private static JsonNode Described() => Schemas.Members(
        [
            ("entityId", Schemas.Text()), ("modelKey", Schemas.Object()), ("state", Schemas.Text()), ("deleted", Schemas.Flag()),
            ("since", Schemas.Time()), ("olderLeftOut", Schemas.Flag()), ("story", Schemas.List(Schemas.Object())),
            ("waitsFor", Schemas.List(Schemas.Text())),
        ],
        "entityId", "modelKey", "state", "deleted", "since", "story", "waitsFor");

    private async Task<Result<Answer>> TellAsync(ApiCall call)
    {
        if (!EntityTarget.Of(call).TryGet(out var target, out var error)) return error;
        var story = await StoryBuilder.BuildAsync(engine, target.Caller, target.Id, call.Aborted);
        if (story is null || EntityCall.IsPlatforms(story.Entity.Model)) return EntityApiErrors.EntityNotFound(target.Id.ToString());
        return WantsJson(call.Http.Request) ? Answer.Json(json => StoryWriter.Write(json, story))
            : Answer.Stream(http => StoryWriter.WriteTextAsync(http, story));
    }

    /// <summary>
    /// Whether JSON is the first of the two that the client accepts; a client without an Accept header is treated as a person.
    /// </summary>
    private static bool WantsJson(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept.OrderByDescending(type => type.Quality ?? 1).Select(type => type.MediaType.Value);
        var first = accepted.FirstOrDefault(type => type is "*/*" or "text/*" or "text/plain" or "application/json" or "application/*");
        return first is "application/json" or "application/*";
    }
}

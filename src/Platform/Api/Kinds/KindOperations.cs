using System.Text.Json.Nodes;
using Strata.Api.OpenApi;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>The description of one kind's endpoints.</summary>
/// <param name="guarded">What a DELETE refuses without <c>force</c>; null: nothing.</param>
internal sealed class KindOperations(Kind kind, string? guarded = null)
{
    private readonly string name = Pascal(kind.Name);
    private readonly string plural = Pascal(kind.Plural);

    private static Parameter Org => Parameter.Query(
        "org", "Name or id of the organization; only operators and the platform may name one other than their own.", Schemas.Text());
    private static Parameter At => Parameter.Query("at", "As of this time (RFC 3339) instead of now.", Schemas.Time());
    private static Parameter Limit => Parameter.Query(
        "limit", $"Maximum number of items; {PageLimits.Default} by default.", Schemas.Integer(1, PageLimits.Max));
    private static Parameter Cursor => Parameter.Query("cursor", "The nextCursor of the previous page.", Schemas.Text());
    private static Parameter IfMatch => Parameter.Header(
        "If-Match", "The ETag that the resource must still have; 412 ENTITY_MODIFIED otherwise.");

    /// <summary>
    /// Accepted for every kind, so that a caller that deletes many kinds needs no list of those that are guarded; described where it
    /// counts.
    /// </summary>
    private Parameter Force => Parameter.Query("force", $"Delete also what is guarded against a mistake: {guarded}.", Schemas.Flag())
        with { IsHidden = guarded is null };

    private Content One => Content.Json(Schemas.Reference(KindSchemas.Resource(kind)));
    private Content Page => Content.Json(Schemas.Reference(KindSchemas.Page(kind)));

    public Operation List => Describe("list" + plural, $"List {kind.Plural}, or watch them.") with
    {
        Parameters =
        [
            Limit, Cursor, At, Org,
            Parameter.Query("project", "Name or id of a project.", Schemas.Text()),
            Parameter.Query("state", "Only those in this state.", Schemas.OneOf([.. kind.Workflow.States.Keys])),
            Parameter.Query("deleted", "Only deleted ones, each as it was when it was deleted.", Schemas.Flag()),
            Parameter.Query(
                "where", "A condition as JSON: simple, lifecycle or group, over $.spec, $.status, $.labels and $.name.", Schemas.Text()),
            Parameter.Query(
                "watch", "Server-sent events instead of a page: item for each existing resource, ready, then item for each change.",
                Schemas.Flag()),
            Parameter.Query("from", "With watch: start after this revision instead of listing.", Schemas.Integer(0, long.MaxValue)),
        ],
        FieldFilters = true,
        Answer = Page,
    };

    public Operation Get => Describe("get" + name, $"Get one {kind.Name} by name or id.") with { Parameters = [At, Org], Answer = One };

    public Operation History =>
        Describe($"get{name}History", $"Every revision of one {kind.Name}, newest first.") with { Parameters = [Limit, Cursor, Org],
            Answer = Page };

    public Operation Create => Describe("create" + name, $"Create one {kind.Name}.") with
    {
        Parameters = [Org, Parameter.IdempotencyKey],
        Body = Content.Json(Schemas.Reference(KindSchemas.New(kind)), example: Example()),
        Status = 201,
        Answer = One,
    };

    public Operation Patch => Describe("patch" + name, $"Change one {kind.Name} by a JSON merge patch.") with
    {
        Parameters = [Org, IfMatch, Parameter.IdempotencyKey], Body = PatchBody(required: true), Answer = One,
    };

    public Operation Transition =>
        Describe("transition" + name, $"Take a transition of one {kind.Name}, with a merge patch in the same commit if there is one.") with
    {
        Parameters = [Org, IfMatch, Parameter.IdempotencyKey], Body = PatchBody(required: false), Answer = One,
    };

    public Operation Delete =>
        Describe(
            "delete" + name, kind.DeleteTransition is null ? $"Delete one {kind.Name}." : $"Begin the removal of one {kind.Name}.") with
    {
        Parameters = [Org, IfMatch, Force, Parameter.IdempotencyKey], Answer = One,
    };

    private Operation Describe(string id, string summary) => new() { Id = id, Summary = summary, Tag = kind.Plural };

    private Content PatchBody(bool required) => new(
        ["application/merge-patch+json", "application/json"], Schemas.Reference(KindSchemas.Patch(kind)), required,
        new JsonObject { ["labels"] = new JsonObject { ["tier"] = "web" } });

    private JsonObject Example()
    {
        var example = new JsonObject { ["name"] = "my-" + kind.Name };
        if (kind.Scope == KindScope.Project) example["project"] = "default";
        example["spec"] = Schemas.Example(Schemas.Of(kind.SpecType), kind.Name);
        return example;
    }

    internal static string Pascal(string text) => string.Concat(text.Split('-').Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
}

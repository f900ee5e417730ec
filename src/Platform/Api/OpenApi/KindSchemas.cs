using System.Text.Json.Nodes;
using Strata.Api.Auth.Tokens;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.OpenApi;

/// <summary>The named schemas of the API's description: for each kind its resource, what creates it and what patches it.</summary>
public static class KindSchemas
{
    public static string Resource(Kind kind) => Pascal(kind.Name);

    public static string New(Kind kind) => "New" + Pascal(kind.Name);

    public static string Patch(Kind kind) => Pascal(kind.Name) + "Patch";

    public static string Page(Kind kind) => Pascal(kind.Name) + "Page";

    internal static Dictionary<string, JsonNode?> All(IEnumerable<Kind> kinds)
    {
        var schemas = new Dictionary<string, JsonNode?>(StringComparer.Ordinal) { ["Problem"] = Problem(), ["Labels"] = Labels() };
        foreach (var kind in kinds)
        {
            schemas[Resource(kind) + "Spec"] = Schemas.Of(kind.SpecType);
            schemas[Resource(kind) + "Status"] = Schemas.Of(kind.StatusType);
            schemas[Resource(kind)] = ResourceSchema(kind);
            if (!kind.IsIssued || kind == TokenKind.Kind) schemas[New(kind)] = NewSchema(kind); // others name themselves
            if (!kind.IsIssued) schemas[Patch(kind)] = PatchSchema();
            schemas[Page(kind)] = Schemas.Members(
                [("items", Schemas.List(Schemas.Reference(Resource(kind)))), ("nextCursor", Schemas.Text())], "items");
        }
        return schemas;
    }

    private static JsonObject ResourceSchema(Kind kind) => Schemas.Members(
        [
            ("id", Schemas.Text()), ("kind", Schemas.OneOf(kind.Name)), ("name", Name()), ("org", Schemas.Text()),
            ("project", Schemas.Text()),
            ("labels", Schemas.Reference("Labels")), ("state", Schemas.OneOf([.. kind.Workflow.States.Keys])),
            ("revision", Schemas.Integer(1, long.MaxValue)),
            ("createdAt", Schemas.Time()), ("updatedAt", Schemas.Time()), ("updatedBy", Schemas.Text()), ("transition", Schemas.Text()),
            ("deleted", Schemas.Flag()), ("spec", Schemas.Reference(Resource(kind) + "Spec")),
            ("status", Schemas.Reference(Resource(kind) + "Status")),
        ],
        "id", "kind", "name", "org", "state", "revision", "createdAt", "updatedAt", "updatedBy", "spec", "status");

    private static JsonObject NewSchema(Kind kind)
    {
        List<(string, JsonNode)> members = [("name", Name()), ("labels", Schemas.Reference("Labels")),
            ("spec", Schemas.Reference(Resource(kind) + "Spec"))];
        if (kind.Scope != KindScope.Project) return Schemas.Closed(members, "name", "spec");
        members.Add(("project", Schemas.Text()));
        return Schemas.Closed(members, "name", "project", "spec");
    }

    /// <summary>A merge patch may leave out anything and set anything to null, so its members have no closer type.</summary>
    private static JsonObject PatchSchema() =>
        Schemas.Closed(
            [("labels", Schemas.Map(Schemas.TextOrNull())), ("spec", Schemas.Object()), ("status", Schemas.Object())]);

    private static JsonObject Name() => new()
    {
        ["type"] = "string", ["pattern"] = "^[a-z]([a-z0-9-]*[a-z0-9])?$", ["minLength"] = 1, ["maxLength"] = ResourceName.LengthMax,
    };

    private static JsonObject Labels() => Schemas.Map(Schemas.Text());

    private static JsonObject Problem() => Schemas.Members(
        [
            ("type", Schemas.Text()), ("title", Schemas.Text()), ("status", Schemas.Integer(400, 599)), ("detail", Schemas.Text()),
            ("code", Schemas.Text()),
            ("next", Schemas.Text()), ("requestId", Schemas.Text()), ("instance", Schemas.Text()),
            ("errors", Schemas.List(Schemas.Members([("field", Schemas.Text()), ("message", Schemas.Text())], "field", "message"))),
            ("properties", Schemas.Object()),
        ],
        "type", "title", "status", "detail", "code", "requestId");

    private static string Pascal(string name) => string.Concat(name.Split('-').Select(w => char.ToUpperInvariant(w[0]) + w[1..]));
}

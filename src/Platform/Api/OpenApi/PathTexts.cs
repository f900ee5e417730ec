using System.Text.Json.Nodes;

namespace Strata.Api.OpenApi;

/// <summary>What the parameters of paths mean. A name means the same in every path, so they are described once.</summary>
internal static class PathTexts
{
    private static readonly Dictionary<string, (string Description, Func<JsonObject> Schema)> All = new(StringComparer.Ordinal)
    {
        ["nameOrId"] = ("Name or id of the resource.", Schemas.Text),
        ["transition"] = ("Name of the transition.", Schemas.Text),
        ["entityId"] = ("Id of the entity.", Schemas.Uuid),
        ["entityName"] = ("Name of the model.", Schemas.Text),
        ["modelVersion"] = ("Version of the model.", () => Schemas.Integer(1, int.MaxValue)),
        ["transactionId"] = ("Id of the transaction.", Schemas.Uuid),
        ["messageId"] = ("Id of the message.", Schemas.Uuid),
        ["jobId"] = ("Id of the search.", Schemas.Uuid),
        ["subject"] = ("Subject of the message: letters A to Z and a to z, digits, dots, underscores and hyphens.", Schemas.Text),
        ["dataFormat"] = ("Format of the body.", () => Schemas.Reference("DataFormat")),
        ["converter"] = ("What a model is read from, or written as.", () => Schemas.Reference("Converter")),
        ["changeLevel"] = ("What documents may change; each level includes those before it.", () => Schemas.Reference("ChangeLevel")),
        ["clientId"] = ("Id of the OAuth client.", Schemas.Text),
        ["keyId"] = ("Id of the key.", Schemas.Text),
        ["id"] = ("Id of the identity provider.", Schemas.Uuid),
        ["digest"] = ("Digest of the content: sha256: and 64 hexadecimal digits.", Schemas.Text),
        ["upload"] = ("Id of the upload.", Schemas.Text),
        ["number"] = ("Number of the part, from 1.", Schemas.Text),
        ["connection"] = ("Id of the connection, as a message of the tunnel named it.", Schemas.Text),
        ["code"] = ("Code of the error, for example NAME_TAKEN.", Schemas.Text),
        ["file"] = ("Name of the file.", Schemas.Text),
    };

    /// <summary>Named, so that generated clients have one type for each.</summary>
    public static IEnumerable<KeyValuePair<string, JsonNode?>> NamedSchemas(ICollection<string> parameters)
    {
        if (parameters.Contains("dataFormat")) yield return new("DataFormat", Schemas.OneOf("JSON", "XML"));
        if (parameters.Contains("converter")) yield return new("Converter", Schemas.OneOf("SAMPLE_DATA", "SIMPLE_VIEW", "JSON_SCHEMA"));
        if (parameters.Contains("changeLevel"))
            yield return new("ChangeLevel", Schemas.OneOf("ARRAY_LENGTH", "ARRAY_ELEMENTS", "TYPE", "STRUCTURAL"));
    }

    public static JsonObject Of(string name)
    {
        var (description, schema) = All.GetValueOrDefault(name, ($"The {name}.", Schemas.Text));
        return new JsonObject
        {
            ["name"] = name, ["in"] = "path", ["required"] = true, ["description"] = description, ["schema"] = schema(),
        };
    }
}

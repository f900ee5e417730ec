using System.Text.Json;
using Strata.Api.Http;
using Strata.Core;
using Strata.EntityApi.Xml;

namespace Strata.EntityApi.Entities;

/// <summary>Reads entities from bodies, in JSON or XML according to the path's format.</summary>
internal static class EntityBodies
{
    private const string Json = "application/json";
    private static readonly string[] Xml = ["application/xml", "text/xml"];

    /// <summary>Whether the path's format is XML; INVALID_PATH if it is neither XML nor JSON.</summary>
    public static Result<bool> IsXml(ApiCall call) => call.Route("format").ToUpperInvariant() switch
    {
        "JSON" => false,
        "XML" => true,
        _ => ApiErrors.PathValue("format", "JSON or XML"),
    };

    /// <summary>The body as JSON.</summary>
    public static async ValueTask<Result<JsonText>> ReadAsync(ApiCall call)
    {
        if (!IsXml(call).TryGet(out var isXml, out var error)) return error;
        if (!isXml) return await call.ReadJsonAsync(EntityCall.BodyBytesMax(call), Json);
        if (!(await call.ReadBodyAsync(EntityCall.BodyBytesMax(call), Xml)).TryGet(out var body, out error)) return error;
        return XmlDocuments.ToJson(body);
    }

    /// <summary>The body as one entity.</summary>
    public static async ValueTask<Result<JsonText>> ReadOneAsync(ApiCall call)
    {
        if (!(await ReadAsync(call)).TryGet(out var body, out var error)) return error;
        return IsObject(body) ? body : ApiErrors.Body("an object, the entity");
    }

    /// <summary>A body's entities: itself, or the elements of an array. They share the body's bytes.</summary>
    public static Result<IReadOnlyList<JsonText>> Split(JsonText body)
    {
        if (IsObject(body)) return new[] { body };
        var reader = new Utf8JsonReader(body.Utf8.Span);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            return ApiErrors.Body("an entity or a list of entities");
        var documents = new List<JsonText>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
                return EntityApiErrors.BadRequest(
                    $"Item {documents.Count} is not an object; an entity must be one.", "Send each entity as an object.");
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            documents.Add(new JsonText(body.Utf8[start..(int)reader.BytesConsumed]));
            if (documents.Count > EntityOperations.ItemsMax)
                return EntityApiErrors.BadRequest(
                    $"At most {EntityOperations.ItemsMax} entities fit in one request.", "Split them over several requests.");
        }
        return documents.Count > 0 ? documents : EntityApiErrors.BadRequest("The list is empty.", "Send one entity at least.");
    }

    /// <summary>Well-formed JSON that begins as an object is one.</summary>
    public static bool IsObject(JsonText json) => json.Utf8.Span.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
}

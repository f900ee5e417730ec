using System.Text;
using System.Text.Json;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;
using Strata.EntityApi.Xml;

namespace Strata.EntityApi.Entities;

/// <summary>
/// Reads the items of a collection, each with its entity as text in JSON or XML. All are read before the first is written, so that a
/// malformed one changes nothing. Members that are not known are passed over, as clients send them.
/// </summary>
internal static class CollectionItems
{
    public static Result<List<NewEntity>> ReadNew(JsonText body, bool isXml) => ReadAll<NewEntity>(body, item =>
    {
        if (!Model(item).TryGet(out var model, out var error)) return error;
        return Payload(item, isXml).TryGet(out var document, out error) ? new NewEntity(model, document) : error;
    });

    public static Result<List<EntityChange>> ReadChanges(JsonText body, bool isXml) => ReadAll<EntityChange>(body, item =>
    {
        if (!Id(item, "id").TryGet(out var id, out var error)) return error;
        if (id is null) return ApiErrors.BodyValue("id", "a UUID, the id of the entity");
        if (!Id(item, "ifMatch").TryGet(out var ifMatch, out error)) return error;
        if (!Text(item, "transition").TryGet(out var transition, out error)) return error;
        if (!Payload(item, isXml).TryGet(out var document, out error)) return error;
        return new EntityChange(new EntityId(id.Value), ifMatch is { } commit ? new CommitId(commit) : null, transition, _ => document);
    });

    private static Result<List<T>> ReadAll<T>(JsonText body, Func<JsonElement, Result<T>> read)
    {
        using var json = body.Parse();
        var root = json.RootElement;
        if (root.ValueKind != JsonValueKind.Array) return ApiErrors.Body("a list of items");
        if (root.GetArrayLength() is 0 or > EntityOperations.ItemsMax)
            return ApiErrors.Body($"a list of 1 to {EntityOperations.ItemsMax} items");
        var items = new List<T>(root.GetArrayLength());
        foreach (var item in root.EnumerateArray())
        {
            var result = item.ValueKind == JsonValueKind.Object
                ? read(item) : EntityApiErrors.BadRequest("An item must be an object.", "Send each item as an object.");
            if (!result.TryGet(out var value, out var error)) return error with { Message = $"Item {items.Count}: {error.Message}" };
            items.Add(value);
        }
        return items;
    }

    private static Result<ModelKey> Model(JsonElement item)
    {
        if (!item.TryGetProperty("model", out var model) || model.ValueKind != JsonValueKind.Object)
            return ApiErrors.BodyValue("model", "an object with name and version");
        if (!Text(model, "name").TryGet(out var name, out var error)) return error;
        var version = model.TryGetProperty("version", out var number) && number.ValueKind == JsonValueKind.Number
            && number.TryGetInt32(out var whole) ? whole : 0;
        return EntityCall.Model(name ?? "", version);
    }

    private static Result<JsonText> Payload(JsonElement item, bool isXml)
    {
        if (!Text(item, "payload").TryGet(out var text, out var error)) return error;
        if (text is null) return ApiErrors.BodyValue("payload", "the entity as text");
        var bytes = Encoding.UTF8.GetBytes(text);
        if (!(isXml ? XmlDocuments.ToJson(bytes) : JsonGuard.Check(bytes, "The payload")).TryGet(out var document, out error)) return error;
        return EntityBodies.IsObject(document) ? document : ApiErrors.BodyValue("payload", "an object as text");
    }

    private static Result<Guid?> Id(JsonElement item, string name)
    {
        if (!Text(item, name).TryGet(out var text, out var error)) return error;
        if (text is null) return (Guid?)null;
        return Guid.TryParseExact(text, "D", out var id) ? id : ApiErrors.BodyValue(name, "a UUID");
    }

    /// <summary>Null where it is absent or null.</summary>
    private static Result<string?> Text(JsonElement item, string name)
    {
        if (!item.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return (string?)null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : ApiErrors.BodyValue(name, "a text");
    }
}

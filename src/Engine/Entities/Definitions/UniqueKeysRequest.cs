using System.Text.Json;
using Strata.Core;
using Strata.Entities.Definitions.Structures;
using Strata.Entities.Conditions;
using Strata.Entities.Json;
using Strata.Entities.Workflows;

namespace Strata.Entities.Definitions;

/// <summary>A request to set a model's unique keys: {uniqueKeys: [{id, fields[]}]}.</summary>
internal static class UniqueKeysRequest
{
    public const int KeysMax = 20;
    public const int FieldsMax = 20;

    public static Result<List<UniqueKeyDefinition>> Parse(JsonText body, ModelStructure structure)
    {
        if (JsonGuard.Check(body.Utf8).Error is { } malformed) return malformed;
        using var json = body.Parse();
        var faults = new Faults();
        var members = new MemberReader(faults);
        var isThere = json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryFind("uniqueKeys", out _);
        if (!isThere) faults.Add("$.uniqueKeys", "An array of keys is needed.");
        var keys = isThere
            ? members.Items(json.RootElement, "$", "uniqueKeys", KeysMax, (key, path) => Read(key, path, structure, members, faults)) : [];
        foreach (var id in keys.GroupBy(key => key.Id).Where(group => group.Count() > 1))
            faults.Add("$.uniqueKeys", $"The id \"{Quote.Shorten(id.Key)}\" occurs twice.");
        return faults.Any
            ? faults.ToError("INVALID_UNIQUE_KEY_DEFINITION", "Correct the keys at the places named.", ErrorKind.Unprocessable) : keys;
    }

    private static UniqueKeyDefinition? Read(JsonElement json, string path, ModelStructure structure, MemberReader members, Faults faults)
    {
        if (!members.IsObject(json, path, "A key")) return null;
        var id = members.Name(json, path, "id");
        var count = json.TryFind("fields", out var list) && list.ValueKind == JsonValueKind.Array ? list.GetArrayLength() : 0;
        var fields = count == 0
            ? [] : members.Items(json, path, "fields", FieldsMax, (field, at) => ReadField(field, at, structure, faults));
        if (count == 0) faults.Add($"{path}.fields", "At least one field is needed.");
        return new UniqueKeyDefinition(id, fields);
    }

    private static JsonPath? ReadField(JsonElement json, string path, ModelStructure structure, Faults faults)
    {
        var isPath = JsonPath.TryParse(json.ValueKind == JsonValueKind.String ? json.GetString()! : "", out var field);
        if (isPath && !field!.HasWildcard && structure.IsScalar(field)) return field;
        faults.Add(path, "It must be the path of a scalar field that the model knows, for example $.name.");
        return null;
    }
}

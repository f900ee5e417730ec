using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;

namespace Strata.Entities.Conditions;

/// <summary>Reads one condition from JSON and reports every fault. For one condition and one thread.</summary>
internal sealed class ConditionReader(Faults faults)
{
    private int parts;

    /// <param name="path">Where it is in the definition, for faults.</param>
    /// <returns>Null where there were faults.</returns>
    public Condition? Read(JsonElement json, string path) => Read(json, path, 1);

    private Condition? Read(JsonElement json, string path, int depth)
    {
        if (json.ValueKind != JsonValueKind.Object) return Fault(path, "A condition is a JSON object.");
        if (depth > ConditionJson.DepthMax) return Fault(path, $"Conditions are at most {ConditionJson.DepthMax} deep.");
        if (!TryCount(path)) return null;
        return json.TextOf("type") switch
        {
            "simple" => ReadComparison(json, path, ReadPath(json, path)),
            "lifecycle" => ReadComparison(json, path, ReadFact(json, path)),
            "group" => ReadGroup(json, path, depth),
            "array" => ReadArray(json, path),
            "function" => Fault(path, "A function is a criterion by itself: use it in a workflow, not in a search or a group."),
            { } other =>
                Fault($"{path}.type", $"\"{Quote.Shorten(other)}\" is not a type of condition: use simple, lifecycle, group or array."),
            null => Fault($"{path}.type", "It must be simple, lifecycle, group or array."),
        };
    }

    private Condition? ReadGroup(JsonElement json, string path, int depth)
    {
        if (!json.TryGetProperty("conditions", out var list) || list.ValueKind != JsonValueKind.Array)
            return Fault($"{path}.conditions", "A group needs an array of conditions.");
        var read = list.EnumerateArray()
            .Select((part, i) => parts <= ConditionJson.PartsMax ? Read(part, $"{path}.conditions[{i}]", depth + 1) : null).ToList();
        var whole = read.OfType<Condition>().ToList();
        if (whole.Count < read.Count) return null;
        return json.TextOf("operator") switch
        {
            "AND" => new Condition.All(whole),
            "OR" => new Condition.Any(whole),
            "NOT" when whole.Count == 0 => Fault($"{path}.conditions", "NOT needs a condition."),
            "NOT" => new Condition.Not(whole is [var only] ? only : new Condition.All(whole)),
            _ => Fault($"{path}.operator", "A group's operator is AND, OR or NOT."),
        };
    }

    private Field? ReadPath(JsonElement json, string path)
    {
        if (json.TextOf("jsonPath") is { } text && JsonPath.TryParse(text, out var jsonPath)) return new Field.Path(jsonPath);
        faults.Add($"{path}.jsonPath", "It must be a path such as $.name, $.lines[*].sku or $['odd name'][0].");
        return null;
    }

    /// <summary>Values by their place in an array: the same as a comparison with each that is not null.</summary>
    private Condition.All? ReadArray(JsonElement json, string path)
    {
        if (ReadPath(json, path) is not Field.Path { Value.Text: var array }) return null;
        if (array.EndsWith("[*]", StringComparison.Ordinal)) array = array[..^3];
        if ((!json.TryGetProperty("values", out var values) && !json.TryGetProperty("value", out values))
            || values.ValueKind != JsonValueKind.Array)
        {
            faults.Add($"{path}.values", "An array of values is required; null matches any value.");
            return null;
        }
        var parts = values.EnumerateArray().Select((value, i) => ReadElement(value, array, i, $"{path}.values[{i}]")).ToList();
        return faults.Any ? null : new Condition.All([.. parts.OfType<Condition>()]);
    }

    private Condition.Compare? ReadElement(JsonElement value, string array, int at, string path)
    {
        if (!TryCount(path) || value.ValueKind == JsonValueKind.Null) return null;
        if (!JsonPath.TryParse($"{array}[{at}]", out var element)) faults.Add(path, "The path to it is too long.");
        else if (ReadConstant(value, path, Operator.Equal) is { } constant)
            return new Condition.Compare(new Field.Path(element), Operator.Equal, [constant]);
        return null;
    }

    private Field? ReadFact(JsonElement json, string path)
    {
        if (json.TextOf("field") is { } name && ConditionNames.TryFind(name, out MetaField field)) return new Field.Meta(field);
        faults.Add($"{path}.field", "It must be state, id, creationDate, lastUpdateTime, transitionForLatestSave or transactionId.");
        return null;
    }

    private Condition? ReadComparison(JsonElement json, string path, Field? field)
    {
        var name = json.TextOf("operatorType") ?? json.TextOf("operator") ?? json.TextOf("operation");
        if (name is null) return Fault($"{path}.operatorType", "An operator is needed, for example EQUALS.");
        if (!ConditionNames.TryFind(name, out Operator @operator))
            return Fault($"{path}.operatorType", $"\"{Quote.Shorten(name)}\" is not an operator that is known here.");
        var constants = ReadConstants(json, $"{path}.value", @operator);
        if (field is null || constants is null) return null;
        if (field is Field.Meta { Value: MetaField.CreationDate or MetaField.LastUpdateTime } && !SuitsTimes(@operator, constants, path))
            return null;
        return new Condition.Compare(field, @operator, constants);
    }

    private List<JsonText>? ReadConstants(JsonElement json, string path, Operator @operator)
    {
        var count = ConditionNames.ConstantsOf(@operator);
        if (count == ConstantCount.None) return [];
        if (!json.TryGetProperty("value", out var value)) return None(path, "A value to compare with is needed.");
        if (count == ConstantCount.One) return ReadConstant(value, path, @operator) is { } one ? [one] : null;
        if (value.ValueKind != JsonValueKind.Array) return None(path, "It must be an array of values.");
        if (count == ConstantCount.Two && value.GetArrayLength() != 2) return None(path, "It must be an array of two values: from and to.");
        var read = value.EnumerateArray().Select(
            (item, i) => TryCount(path) ? ReadConstant(item, $"{path}[{i}]", @operator) : null).ToList();
        return read.TrueForAll(constant => constant is not null) ? read.ConvertAll(constant => constant!.Value) : null;
    }

    private JsonText? ReadConstant(JsonElement value, string path, Operator @operator)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null: return NoConstant(path, "null compares with nothing: use IS_NULL or NOT_NULL.");
            case JsonValueKind.Object or JsonValueKind.Array: return NoConstant(path, "It must be a string, a number or a boolean.");
            case not JsonValueKind.String when @operator.IsOfText(): return NoConstant(
                path, $"{ConditionNames.Of(@operator)} needs a string.");
        }
        if (PatternFault(value, @operator) is { } fault) return NoConstant(path, fault);
        var text = JsonText.From(value);
        return text.Utf8.Length > ConditionJson.ConstantBytesMax
            ? NoConstant(path, $"It is longer than {ConditionJson.ConstantBytesMax} bytes.") : text;
    }

    private static string? PatternFault(JsonElement value, Operator @operator) => @operator switch
    {
        Operator.Like => LikePattern.TryParse(value.GetString()!, out _)
            ? null : "The pattern ends with a lone backslash: write two for one.",
        Operator.MatchesPattern => RegularExpression.TryParse(value.GetString()!, out _, out var fault) ? null : fault,
        _ => null,
    };

    private bool SuitsTimes(Operator @operator, List<JsonText> constants, string path)
    {
        if (@operator.IsOfText()) faults.Add($"{path}.operatorType", $"{ConditionNames.Of(@operator)} does not compare times.");
        else if (constants.Exists(constant => !ConditionEvaluator.TryReadTime(constant, out _)))
            faults.Add($"{path}.value", "It must be a time by RFC 3339, for example 2026-11-20T14:00:00Z.");
        else return true;
        return false;
    }

    private bool TryCount(string path)
    {
        if (++parts <= ConditionJson.PartsMax) return true;
        if (parts == ConditionJson.PartsMax + 1) faults.Add(path, $"A condition has at most {ConditionJson.PartsMax} parts and values.");
        return false;
    }

    private Condition? Fault(string path, string message)
    {
        faults.Add(path, message);
        return null;
    }

    private List<JsonText>? None(string path, string message)
    {
        faults.Add(path, message);
        return null;
    }

    private JsonText? NoConstant(string path, string message)
    {
        faults.Add(path, message);
        return null;
    }
}

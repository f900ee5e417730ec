using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;

namespace Strata.Entities.Workflows;

/// <summary>Reads members of a definition's objects; a member of the wrong type or size is a fault. JSON null counts as missing.</summary>
internal sealed class MemberReader(Faults faults)
{
    /// <summary>About a hundred years: what a time can be added to without overflow.</summary>
    private const long MillisecondsMax = 100L * 365 * 24 * 3600 * 1000;

    public bool IsObject(JsonElement json, string path, string what)
    {
        if (json.ValueKind == JsonValueKind.Object) return true;
        faults.Add(path, $"{what} is a JSON object.");
        return false;
    }

    /// <summary>A name, which is never missing: empty after a fault.</summary>
    public string Name(JsonElement json, string path, string name)
    {
        var text = json.TextOf(name) ?? "";
        CheckName(text, $"{path}.{name}");
        return text;
    }

    public void CheckName(string name, string path)
    {
        if (name.Length is 0 or > WorkflowJson.NameLengthMax)
            faults.Add(path, $"It must be text of 1 to {WorkflowJson.NameLengthMax} characters.");
    }

    public string? Text(JsonElement json, string path, string name)
    {
        if (!json.TryFind(name, out var member)) return null;
        if (member.ValueKind == JsonValueKind.String) return member.GetString();
        faults.Add($"{path}.{name}", "It must be text.");
        return null;
    }

    public bool Boolean(JsonElement json, string path, string name, bool otherwise)
    {
        if (!json.TryFind(name, out var member)) return otherwise;
        if (member.ValueKind is JsonValueKind.True or JsonValueKind.False) return member.GetBoolean();
        faults.Add($"{path}.{name}", "It must be true or false.");
        return otherwise;
    }

    public TimeSpan? Milliseconds(JsonElement json, string path, string name, long least)
    {
        if (!json.TryFind(name, out var member)) return null;
        var isWhole = member.ValueKind == JsonValueKind.Number && member.TryGetInt64(out _);
        if (isWhole && member.GetInt64() is var ms && ms >= least && ms <= MillisecondsMax) return TimeSpan.FromMilliseconds(ms);
        faults.Add($"{path}.{name}", $"It must be a whole number of milliseconds from {least} to {MillisecondsMax}.");
        return null;
    }

    public JsonText? Annotations(JsonElement json, string path, string name)
    {
        if (!json.TryFind(name, out var member)) return null;
        var text = JsonText.From(member);
        if (member.ValueKind == JsonValueKind.Object && text.Utf8.Length <= WorkflowJson.AnnotationsBytesMax) return text;
        faults.Add($"{path}.{name}", $"It must be a JSON object of at most {WorkflowJson.AnnotationsBytesMax} bytes.");
        return null;
    }

    public List<T> Items<T>(JsonElement json, string path, string name, int max, Func<JsonElement, string, T?> read) where T : class
    {
        if (!json.TryFind(name, out var list)) return [];
        path = $"{path}.{name}";
        if (list.ValueKind == JsonValueKind.Array && list.GetArrayLength() <= max)
            return [.. list.EnumerateArray().Select((item, i) => read(item, $"{path}[{i}]")).OfType<T>()];
        faults.Add(path, $"It must be an array of at most {max}.");
        return [];
    }
}

using System.Text.Json;

namespace Strata.Core;

/// <summary>
/// JSON Merge Patch (RFC 7396): members of the patch replace those of the target, objects member by member; null removes. Values keep their
/// text, so numbers keep their precision.
/// </summary>
public static class MergePatch
{
    /// <summary>Writes <paramref name="target"/> as <paramref name="patch"/> changes it.</summary>
    /// <param name="target">Undefined (the default) means a missing value.</param>
    public static void Apply(JsonElement target, JsonElement patch, Utf8JsonWriter output)
    {
        if (patch.ValueKind != JsonValueKind.Object)
        {
            patch.WriteTo(output);
            return;
        }
        output.WriteStartObject();
        if (target.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in target.EnumerateObject())
            {
                if (!patch.TryGetProperty(member.Name, out var change)) member.WriteTo(output);
                else if (change.ValueKind != JsonValueKind.Null) ApplyMember(member.Name, member.Value, change, output);
            }
        }
        foreach (var change in patch.EnumerateObject())
        {
            if (change.Value.ValueKind == JsonValueKind.Null || Has(target, change.Name)) continue;
            ApplyMember(change.Name, default, change.Value, output);
        }
        output.WriteEndObject();
    }

    public static JsonText Apply(JsonElement target, JsonElement patch) => Collect(writer => Apply(target, patch, writer));

    /// <summary>The smallest patch that turns one value into the other.</summary>
    public static JsonText Diff(JsonElement before, JsonElement after) => Collect(writer => Diff(before, after, writer));

    private static void Diff(JsonElement before, JsonElement after, Utf8JsonWriter output)
    {
        if (before.ValueKind != JsonValueKind.Object || after.ValueKind != JsonValueKind.Object)
        {
            after.WriteTo(output);
            return;
        }
        output.WriteStartObject();
        foreach (var member in before.EnumerateObject())
        {
            if (!Has(after, member.Name)) output.WriteNull(member.Name);
        }
        foreach (var member in after.EnumerateObject())
        {
            before.TryGetProperty(member.Name, out var old);
            if (old.ValueKind != JsonValueKind.Undefined && JsonElement.DeepEquals(old, member.Value)) continue;
            output.WritePropertyName(member.Name);
            Diff(old, member.Value, output);
        }
        output.WriteEndObject();
    }

    private static void ApplyMember(string name, JsonElement target, JsonElement change, Utf8JsonWriter output)
    {
        output.WritePropertyName(name);
        Apply(target, change, output);
    }

    private static bool Has(JsonElement value, string name) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out _);

    private static JsonText Collect(Action<Utf8JsonWriter> write)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { MaxDepth = JsonGuard.DepthMax })) write(writer);
        return new JsonText(buffer.WrittenMemory);
    }
}

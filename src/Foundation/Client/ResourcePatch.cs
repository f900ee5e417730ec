using System.Buffers;
using System.Text.Json;
using Strata.Core;

namespace Strata.Client;

/// <summary>A JSON merge patch (RFC 7396) on a resource: what is left null stays as it is.</summary>
/// <param name="Spec">Patch of the spec; needs the kind's write permission.</param>
/// <param name="Status">Patch of the status; needs control.</param>
/// <param name="Labels">Patch of the labels; a null value removes one.</param>
public sealed record ResourcePatch(JsonText? Spec = null, JsonText? Status = null, IReadOnlyDictionary<string, string?>? Labels = null)
{
    /// <summary>The patch that turns one state of a resource into another: only what differs is sent.</summary>
    public static ResourcePatch Between<TSpec, TStatus>(Resource<TSpec, TStatus> before, Resource<TSpec, TStatus> after) =>
        new(Diff(before.Spec, after.Spec), Diff(before.Status, after.Status), DiffLabels(before.Labels, after.Labels));

    public bool IsEmpty => Spec is null && Status is null && Labels is null;

    internal JsonText ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            WriteRaw(json, "spec", Spec);
            WriteRaw(json, "status", Status);
            WriteLabels(json);
            json.WriteEndObject();
        }
        return new JsonText(buffer.WrittenMemory);
    }

    private static void WriteRaw(Utf8JsonWriter json, string name, JsonText? value)
    {
        if (value is not { } text) return;
        json.WritePropertyName(name);
        json.WriteRawValue(text.Utf8.Span);
    }

    private void WriteLabels(Utf8JsonWriter json)
    {
        if (Labels is null) return;
        json.WriteStartObject("labels");
        foreach (var (name, value) in Labels) json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static JsonText? Diff<T>(T before, T after)
    {
        using var old = JsonText.From(before, WireJson.Of<T>()).Parse();
        using var now = JsonText.From(after, WireJson.Of<T>()).Parse();
        return JsonElement.DeepEquals(old.RootElement, now.RootElement) ? null : MergePatch.Diff(old.RootElement, now.RootElement);
    }

    private static Dictionary<string, string?>? DiffLabels(
        IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after)
    {
        var changes = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var name in before.Keys.Where(n => !after.ContainsKey(n))) changes[name] = null;
        foreach (var (name, value) in after.Where(l => before.GetValueOrDefault(l.Key) != l.Value)) changes[name] = value;
        return changes.Count == 0 ? null : changes;
    }
}

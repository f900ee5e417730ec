using System.Text.Json;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>Reads the bodies of writes strictly, every fault with its field: what creates a resource and what patches one.</summary>
internal static class KindBodies
{
    private static readonly string[] Creating = ["name", "project", "labels", "spec"];
    private static readonly string[] Patching = ["spec", "status", "labels"];

    /// <summary>A draft with the faults found so far; the store adds its own, so that all are reported together.</summary>
    public static ResourceDraft ReadNew(Kind kind, JsonElement body)
    {
        var faults = new List<ValidationError>();
        CheckMembers(body, Creating, faults);
        var spec = body.TryGetProperty("spec", out var given) ? given : EmptyObject;
        var draft = new ResourceDraft
        {
            Name = ReadText(body, "name", faults),
            Project = ReadText(body, "project", faults),
            Labels = ReadLabels(body, faults),
            Spec = kind.ReadSpec(spec, faults),
            IsUsers = true,
        };
        foreach (var later in kind.SetLater)
        {
            if (spec.ValueKind == JsonValueKind.Object && spec.TryGetProperty(later, out var early)
                && early.ValueKind != JsonValueKind.Null)
                faults.Add(new ValidationError("spec." + later, $"A new {kind.Name} has none yet. Leave it out."));
        }
        if (draft.Name is { } name && kind.ReservedNames.Contains(name))
            faults.Add(new ValidationError("name", $"\"{name}\" is taken by the cloud itself: choose another name."));
        draft.Faults.AddRange(faults);
        return draft;
    }

    /// <summary>Which parts of a resource a patch touches; an error where it is not a patch.</summary>
    public static Result<PatchParts> ReadPatch(Kind kind, JsonElement patch)
    {
        var faults = new List<ValidationError>();
        CheckMembers(patch, Patching, faults);
        foreach (var name in Patching)
        {
            if (patch.TryGetProperty(name, out var part) && part.ValueKind != JsonValueKind.Object)
                faults.Add(new ValidationError(name, "It must be an object."));
        }
        if (faults.Count > 0) return ResourceErrors.Invalid(kind, faults);
        return new PatchParts(Part(patch, "spec"), Part(patch, "status"), Part(patch, "labels"));
    }

    /// <summary>The document as the patch makes it, read strictly.</summary>
    /// <param name="byOperator">Who else patches a spec must not have it ask for what only operators may.</param>
    public static Result<JsonText> Apply(Kind kind, EntityRevision current, PatchParts patch, bool byOperator)
    {
        var faults = new List<ValidationError>();
        using var document = current.Document.Parse();
        var was = document.RootElement;
        var spec = Merge(Part(was, "spec"), patch.Spec, json => kind.ReadSpec(json, faults));
        var status = Merge(Part(was, "status"), patch.Status, json => kind.ReadStatus(json, faults));
        var labels = MergeLabels(Part(was, "labels"), patch.Labels, faults);
        if (faults.Count == 0 && patch.Spec is not null) faults.AddRange(kind.CheckChange(JsonText.From(was.GetProperty("spec")), spec));
        if (faults.Count == 0 && patch.Spec is not null && !byOperator) faults.AddRange(kind.CheckForOthers(spec));
        if (faults.Count > 0) return ResourceErrors.Invalid(kind, faults);
        return ResourceDocument.Write(kind, was.GetProperty("name").GetString()!, Part(was, "project")?.GetString(), labels, spec, status);
    }

    private static JsonElement EmptyObject { get; } = JsonElement.Parse("{}");

    private static JsonText Merge(JsonElement? was, JsonElement? patch, Func<JsonElement, JsonText> read)
    {
        if (patch is not { } change) return JsonText.From(was ?? EmptyObject);
        using var merged = MergePatch.Apply(was ?? EmptyObject, change).Parse();
        return read(merged.RootElement);
    }

    private static Dictionary<string, string>? MergeLabels(JsonElement? was, JsonElement? patch, List<ValidationError> faults)
    {
        if (patch is not { } change) return was is { } same ? ReadLabels(same, "labels", faults) : null;
        using var merged = MergePatch.Apply(was ?? EmptyObject, change).Parse();
        var labels = ReadLabels(merged.RootElement, "labels", faults);
        faults.AddRange(Labels.Check(labels));
        return labels;
    }

    private static Dictionary<string, string>? ReadLabels(JsonElement body, List<ValidationError> faults)
    {
        // Clients that are made of the description send null for what they leave out.
        if (!body.TryGetProperty("labels", out var labels) || labels.ValueKind == JsonValueKind.Null) return null;
        if (labels.ValueKind == JsonValueKind.Object) return ReadLabels(labels, "labels", faults);
        faults.Add(new ValidationError("labels", "It must be an object."));
        return null;
    }

    private static Dictionary<string, string> ReadLabels(JsonElement labels, string path, List<ValidationError> faults)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var label in labels.EnumerateObject())
        {
            if (label.Value.ValueKind == JsonValueKind.String) read[label.Name] = label.Value.GetString()!;
            else if (faults.Count < StrictJson.FaultsMax) faults.Add(new ValidationError(path, "A label's value must be a text."));
        }
        return read;
    }

    private static string? ReadText(JsonElement body, string name, List<ValidationError> faults)
    {
        if (!body.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.String) return value.GetString();
        faults.Add(new ValidationError(name, "It must be a text."));
        return null;
    }

    private static void CheckMembers(JsonElement body, string[] known, List<ValidationError> faults)
    {
        foreach (var member in body.EnumerateObject())
        {
            if (known.Contains(member.Name)) continue;
            var name = member.Name.Shortened(40);
            faults.Add(new ValidationError(name, $"It cannot be set here. What can: {string.Join(", ", known)}."));
            if (faults.Count >= StrictJson.FaultsMax) return;
        }
    }

    private static JsonElement? Part(JsonElement body, string name) => body.TryGetProperty(name, out var part) ? part : null;
}

/// <summary>A merge patch on a resource, by its parts; null: not touched.</summary>
internal sealed record PatchParts(JsonElement? Spec, JsonElement? Status, JsonElement? Labels)
{
    public static readonly PatchParts None = new(null, null, null);

    public bool IsEmpty => Spec is null && Status is null && Labels is null;
}

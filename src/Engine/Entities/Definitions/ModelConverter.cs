using System.Text.Json;
using Strata.Core;
using Strata.Entities.Definitions.Structures;
using Strata.Entities.Json;

namespace Strata.Entities.Definitions;

/// <summary>The kind of input that a model's structure is learned from.</summary>
public enum ModelConverter
{
    /// <summary>A document of it, or an array of them. Only to import.</summary>
    SampleData,
    SimpleView,
    JsonSchema,
}

/// <summary>What an import says of a model.</summary>
internal static class ModelImport
{
    private const int SamplesMax = 10_000;

    /// <summary>
    /// Adds it to the model. A view or schema may come as it was exported, {currentState, model, uniqueKeys}, or bare; unique keys, where
    /// there are any, replace the model's.
    /// </summary>
    public static Result<ModelDocument> ApplyTo(ModelDocument model, ModelConverter converter, JsonText body)
    {
        using var json = body.Parse();
        var merged = converter == ModelConverter.SampleData
            ? MergeSamples(model, json.RootElement) : MergeView(model, converter, json.RootElement);
        if (merged is not null) return merged;
        if (model.Structure.IsTooLarge) return ModelErrors.StructureTooLarge();
        if (converter == ModelConverter.SampleData || !json.RootElement.TryFind("uniqueKeys", out _)
            || !json.RootElement.TryFind("model", out _)) return model;
        return UniqueKeysRequest.Parse(body, model.Structure).TryGet(out var keys, out var error)
            ? model with { UniqueKeys = keys } : error;
    }

    private static Error? MergeSamples(ModelDocument model, JsonElement body)
    {
        var samples = body.ValueKind == JsonValueKind.Array ? body.EnumerateArray().Take(SamplesMax + 1).ToArray() : [body];
        if (samples.Length is 0 or > SamplesMax || Array.Exists(samples, one => one.ValueKind != JsonValueKind.Object))
            return ModelErrors.BadSample(SamplesMax);
        foreach (var one in samples) model.Structure.Merge(one);
        return null;
    }

    private static Error? MergeView(ModelDocument model, ModelConverter converter, JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object) return ModelErrors.BadView();
        var faults = new Faults();
        var view = body.TryFind("model", out var inner) && IsExport(body) ? inner : body;
        var structure = converter == ModelConverter.SimpleView ? SimpleView.Read(view, faults) : new JsonSchemaReader(faults).Read(view);
        if (faults.Any) return faults.ToError("VALIDATION_FAILED", "Correct the places named.");
        model.Structure.Merge(structure);
        return null;
    }

    private static bool IsExport(JsonElement body) =>
        body.EnumerateObject().All(member => member.Name is "currentState" or "model" or "uniqueKeys" or "changeLevel");
}

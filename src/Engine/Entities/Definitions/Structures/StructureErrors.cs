using System.Globalization;
using Strata.Core;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Definitions.Structures;

/// <summary>The errors of documents that do not fit their model; codes are the entity API's.</summary>
internal static class StructureErrors
{
    private const int ReportedMax = 10;

    /// <summary>
    /// INCOMPATIBLE_TYPE where a scalar has another type than the model's, with that place in the details; else VALIDATION_FAILED.
    /// </summary>
    public static Error DoesNotFit(ModelKey model, StructureGrowth growth)
    {
        var type = growth.Changes.FirstOrDefault(change => change.Declared is not null);
        return new Error(
            ErrorKind.Invalid, type is null ? "VALIDATION_FAILED" : "INCOMPATIBLE_TYPE", MessageOf(model, growth), NextStep(growth.Needs))
        {
            Details = type is null ? Of(model) : Of(model, type),
            Lists = type is null ? null : List("expectedType", [.. type.Declared!.Value.ToList().Select(DataTypes.Of)]),
            Faults = [.. growth.Changes.Select(change => new ValidationError(change.Path, $"It {change.Message}."))],
        };
    }

    public static Error UnknownChangeLevel(ModelKey model, string level) => new(
        ErrorKind.Invalid, "INVALID_CHANGE_LEVEL", $"\"{Quote.Shorten(level)}\" is not a change level.",
        $"Use one of {string.Join(", ", ChangeLevels.All)}.")
    {
        Details = new Dictionary<string, string>(Of(model)) { ["suppliedValue"] = Quote.Shorten(level) },
        Lists = List("validValues", ChangeLevels.All),
    };

    private static string MessageOf(ModelKey model, StructureGrowth growth)
    {
        var changes = growth.Changes
            .Take(ReportedMax)
            .Select(change => $"{(change.Path.Length == 0 ? "the document" : change.Path)} {change.Message}");
        var more = growth.Count > ReportedMax ? $"; and {growth.Count - ReportedMax} more" : "";
        return $"The document does not fit the model {Quote.Shorten(model.Name)}.{model.Version}: {string.Join("; ", changes)}{more}.";
    }

    private static string NextStep(ChangeLevel needs) =>
        $"Send what the model has; or have it grow with what is created and replaced, at the change level {ChangeLevels.Of(needs)}.";

    private static Dictionary<string, IReadOnlyList<string>> List(string name, IReadOnlyList<string> values) => new() { [name] = values };

    private static Dictionary<string, string> Of(ModelKey model) => new()
    {
        ["entityName"] = model.Name,
        ["entityVersion"] = model.Version.ToString(CultureInfo.InvariantCulture),
    };

    private static Dictionary<string, string> Of(ModelKey model, StructureChange type) => new(Of(model))
    {
        ["fieldPath"] = type.Path,
        ["actualType"] = DataTypes.Of(type.Actual),
    };
}

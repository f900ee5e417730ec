using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;

namespace Strata.Entities.Workflows;

/// <summary>
/// The entity API's JSON of workflows, versions 1.0 to 1.5 of the schema. A definition is checked whole: every fault is reported, naming
/// the offender, as VALIDATION_FAILED (or WORKFLOW_SCHEMA_VERSION_UNSUPPORTED when the version is the fault). What is written reads back to
/// the same definition. Stateless.
/// </summary>
public static class WorkflowJson
{
    public const int NameLengthMax = 256;
    public const int StatesMax = 1_000;

    /// <summary>Of one state; the same bound holds for the processors of one transition.</summary>
    public const int TransitionsMax = 200;
    public const int AnnotationsBytesMax = 64 * 1024;
    public const int MinorVersionMax = 5;

    internal const string NextStep = "Correct the workflow at the places named and send it again.";

    /// <summary>Reads one workflow.</summary>
    /// <param name="allowCycles">Whether automatic transitions without a criterion may lead in a circle; such a cascade ends at the limits
    /// of the machine.</param>
    public static Result<WorkflowDefinition> Parse(JsonText json, bool allowCycles = false)
    {
        if (JsonGuard.Check(json.Utf8).Error is { } malformed) return malformed;
        using var document = json.Parse();
        return Parse(document.RootElement, allowCycles);
    }

    public static Result<WorkflowDefinition> Parse(JsonElement json, bool allowCycles = false)
    {
        var faults = new Faults();
        var workflow = new WorkflowReader(faults, allowCycles).Read(json, "$");
        return faults.Any || workflow is null ? ToError(faults) : workflow;
    }

    public static JsonText Write(WorkflowDefinition workflow)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, workflow);
        return new JsonText(buffer.WrittenMemory);
    }

    public static void Write(Utf8JsonWriter writer, WorkflowDefinition workflow) => WorkflowWriter.Write(writer, workflow);

    internal static Error ToError(Faults faults)
    {
        var isVersion = faults.At(path => path is "$.version" || path.EndsWith("].version", StringComparison.Ordinal));
        return faults.ToError(isVersion ? "WORKFLOW_SCHEMA_VERSION_UNSUPPORTED" : "VALIDATION_FAILED", NextStep);
    }
}

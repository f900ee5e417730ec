using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;

namespace Strata.Entities.Workflows;

/// <summary>Writes workflows as the entity API's JSON; what is as by default is left out, but for what readers expect.</summary>
internal static class WorkflowWriter
{
    public static void Write(Utf8JsonWriter writer, WorkflowDefinition workflow)
    {
        writer.WriteStartObject();
        writer.WriteString("version", workflow.Version);
        writer.WriteString("name", workflow.Name);
        WriteText(writer, "desc", workflow.Description);
        writer.WriteString("initialState", workflow.InitialState);
        writer.WriteBoolean("active", workflow.Active);
        WriteCriterion(writer, workflow.Criterion);
        writer.WriteStartObject("states");
        foreach (var (name, state) in workflow.States) WriteState(writer, name, state);
        writer.WriteEndObject();
        WriteJson(writer, "annotations", workflow.Annotations);
        WriteJson(writer, "criterionAnnotations", workflow.CriterionAnnotations);
        writer.WriteEndObject();
    }

    private static void WriteState(Utf8JsonWriter writer, string name, StateDefinition state)
    {
        writer.WriteStartObject(name);
        writer.WriteStartArray("transitions");
        foreach (var transition in state.Transitions) WriteTransition(writer, transition);
        writer.WriteEndArray();
        WriteJson(writer, "annotations", state.Annotations);
        writer.WriteEndObject();
    }

    private static void WriteTransition(Utf8JsonWriter writer, TransitionDefinition transition)
    {
        writer.WriteStartObject();
        writer.WriteString("name", transition.Name);
        writer.WriteString("next", transition.Next);
        writer.WriteBoolean("manual", transition.Manual);
        writer.WriteBoolean("disabled", transition.Disabled);
        WriteCriterion(writer, transition.Criterion);
        if (transition.Processors.Count > 0)
        {
            writer.WriteStartArray("processors");
            foreach (var processor in transition.Processors) WriteProcessor(writer, processor);
            writer.WriteEndArray();
        }
        WriteSchedule(writer, transition.Schedule);
        WriteJson(writer, "annotations", transition.Annotations);
        WriteJson(writer, "criterionAnnotations", transition.CriterionAnnotations);
        writer.WriteEndObject();
    }

    private static void WriteProcessor(Utf8JsonWriter writer, ProcessorDefinition processor)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "externalized");
        writer.WriteString("name", processor.Name);
        writer.WriteString("executionMode", ExecutionModes.Of(processor.ExecutionMode));
        if (processor.StartNewTransactionOnDispatch) writer.WriteBoolean("startNewTxOnDispatch", true);
        WriteConfig(writer, processor.Config);
        WriteCriterion(writer, processor.Criterion);
        WriteJson(writer, "annotations", processor.Annotations);
        writer.WriteEndObject();
    }

    private static void WriteConfig(Utf8JsonWriter writer, ComputeConfig config)
    {
        writer.WriteStartObject("config");
        WriteConfigMembers(writer, config);
        writer.WriteEndObject();
    }

    private static void WriteConfigMembers(Utf8JsonWriter writer, ComputeConfig config)
    {
        writer.WriteBoolean("attachEntity", config.AttachEntity);
        if (config.Tags.Count > 0) writer.WriteString("calculationNodesTags", string.Join(',', config.Tags));
        writer.WriteNumber("responseTimeoutMs", (long)config.ResponseTimeout.TotalMilliseconds);
        WriteText(writer, "retryPolicy", config.RetryPolicy);
        WriteText(writer, "context", config.Context);
        if (config.Idempotent) writer.WriteBoolean("idempotent", true);
    }

    private static void WriteSchedule(Utf8JsonWriter writer, ScheduleDefinition? schedule)
    {
        if (schedule is null) return;
        writer.WriteStartObject("schedule");
        if (schedule.Delay is { } delay) writer.WriteNumber("delayMs", (long)delay.TotalMilliseconds);
        if (schedule.Timeout is { } timeout) writer.WriteNumber("timeoutMs", (long)timeout.TotalMilliseconds);
        if (schedule.Function is { } function) WriteScheduleFunction(writer, function);
        writer.WriteEndObject();
    }

    private static void WriteScheduleFunction(Utf8JsonWriter writer, FunctionDefinition function)
    {
        writer.WriteStartObject("function");
        writer.WriteString("name", function.Name);
        writer.WriteString("resultKind", "Schedule");
        WriteConfigMembers(writer, function.Config);
        writer.WriteEndObject();
    }

    private static void WriteCriterion(Utf8JsonWriter writer, Criterion? criterion)
    {
        if (criterion is null) return;
        writer.WritePropertyName("criterion");
        if (criterion.Condition is { } condition) ConditionJson.Write(writer, condition);
        else if (criterion.Function is { } function) WriteFunction(writer, function);
    }

    private static void WriteFunction(Utf8JsonWriter writer, FunctionDefinition function)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "function");
        writer.WriteStartObject("function");
        writer.WriteString("name", function.Name);
        WriteConfig(writer, function.Config);
        WriteCriterion(writer, function.Guard is { } guard ? new Criterion(guard, null) : null);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? text)
    {
        if (text is not null) writer.WriteString(name, text);
    }

    private static void WriteJson(Utf8JsonWriter writer, string name, JsonText? json)
    {
        if (json is not { } text) return;
        writer.WritePropertyName(name);
        writer.WriteRawValue(text.Utf8.Span);
    }
}

using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.EntityApi.Workflows;

/// <summary>Writes what a dry run found out.</summary>
internal static class DryRunWriter
{
    public static void Write(Utf8JsonWriter json, DryRun run, string? transition)
    {
        json.WriteStartObject();
        json.WriteString("entityId", run.Entity.Id.Value);
        EntityWriter.WriteModel(json, run.Entity.Model);
        json.WriteString("transition", transition ?? "loopback");
        json.WriteBoolean("wouldSucceed", run.Error is null);
        if (run.Error is { } error) WriteError(json, error);
        json.WriteString("workflow", run.Workflow);
        json.WriteString("stateBefore", run.Entity.State);
        json.WriteString("stateAfter", run.State);
        json.WriteStartArray("steps");
        foreach (var step in run.Steps) WriteStep(json, step);
        json.WriteEndArray();
        json.WriteStartArray("refused");
        foreach (var refusal in run.Refusals) WriteRefusal(json, refusal);
        json.WriteEndArray();
        WriteSchedules(json, run);
        json.WriteStartArray("offers");
        foreach (var offer in run.Offers) WriteOffer(json, offer);
        json.WriteEndArray();
        if (run.IsAssumption)
            json.WriteString("assumes",
                "Processors are not called in a dry run; what follows one assumes that it leaves the data unchanged.");
        json.WriteEndObject();
    }

    private static void WriteError(Utf8JsonWriter json, Error error)
    {
        json.WriteStartObject("error");
        json.WriteString("code", error.Code);
        json.WriteString("message", error.Message);
        if (error.NextStep is not null) json.WriteString("nextStep", error.NextStep);
        json.WriteBoolean("retryable", error.Retryable);
        json.WriteEndObject();
    }

    private static void WriteStep(Utf8JsonWriter json, DryStep step)
    {
        json.WriteStartObject();
        json.WriteString("transition", step.Transition);
        json.WriteString("from", step.From);
        if (step.To is not null) json.WriteString("to", step.To);
        json.WriteBoolean("automatic", step.IsAutomatic);
        json.WriteStartArray("processors");
        foreach (var call in step.Calls) WriteCall(json, call);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteCall(Utf8JsonWriter json, DryCall call)
    {
        json.WriteStartObject();
        json.WriteString("name", call.Processor.Name);
        json.WriteString("executionMode", ExecutionModes.Of(call.Processor.ExecutionMode));
        json.WriteStartArray("calculationNodesTags");
        foreach (var tag in call.Processor.Config.Tags) json.WriteStringValue(tag);
        json.WriteEndArray();
        json.WriteBoolean("served", call.IsServed);
        json.WriteEndObject();
    }

    private static void WriteRefusal(Utf8JsonWriter json, DryRefusal refusal)
    {
        var kind = refusal.Step.Type switch
        {
            AuditEventTypes.WorkflowSkip => "workflow",
            AuditEventTypes.ProcessNotMatchCriterion => "processor",
            _ => "transition",
        };
        json.WriteStartObject();
        json.WriteString("kind", kind);
        json.WriteString("name", refusal.Step.Detail);
        json.WriteString("state", refusal.Step.State);
        json.WriteString("criterion", refusal.Step.Criterion);
        json.WriteString("reason", refusal.Step.Reason);
        json.WriteStartArray("comparisons");
        foreach (var verdict in refusal.Verdicts) WriteVerdict(json, verdict);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteOffer(Utf8JsonWriter json, DryOffer offer)
    {
        json.WriteStartObject();
        json.WriteString("transition", offer.Transition);
        json.WriteString("to", offer.To);
        if (offer.Criterion is not null) json.WriteString("criterion", offer.Criterion);
        if (offer.Refusal is not null) json.WriteString("refusal", offer.Refusal);
        json.WriteEndObject();
    }

    private static void WriteVerdict(Utf8JsonWriter json, Verdict verdict)
    {
        json.WriteStartObject();
        json.WriteString("path", verdict.Field);
        json.WriteString("operator", verdict.Operator);
        WriteValues(json, "wanted", verdict.Wanted);
        WriteValues(json, "found", verdict.Found);
        json.WriteBoolean("holds", verdict.Holds);
        json.WriteBoolean("toBlame", verdict.IsToBlame);
        json.WriteEndObject();
    }

    private static void WriteValues(Utf8JsonWriter json, string name, IReadOnlyList<JsonText> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteRawValue(value.Utf8.Span, skipInputValidation: true);
        json.WriteEndArray();
    }

    private static void WriteSchedules(Utf8JsonWriter json, DryRun run)
    {
        json.WriteStartObject("schedules");
        json.WriteStartArray("armed");
        foreach (var schedule in run.Armed)
        {
            json.WriteStartObject();
            json.WriteString("transition", schedule.Transition);
            json.WriteString("dueAt", schedule.DueAt.UtcDateTime);
            if (schedule.ExpiresAt is { } expires) json.WriteString("expiresAt", expires.UtcDateTime);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("cancelled");
        foreach (var name in run.Disarmed) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

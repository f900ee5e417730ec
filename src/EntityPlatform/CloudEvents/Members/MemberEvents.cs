using System.Text.Json;
using Strata.CloudEvents.Events;
using Strata.CloudEvents.Requests;
using Strata.Wire.CloudEvents;
using Strata.Compute.Members;
using Strata.Core;
using Strata.EntityApi;

namespace Strata.CloudEvents.Members;

/// <summary>The events that servers and members exchange.</summary>
internal static class MemberEvents
{
    public const string Join = "CalculationMemberJoinEvent";

    /// <summary>An extension of Strata: the member gets no new calls, and may finish those it has.</summary>
    public const string Leave = "CalculationMemberLeaveEvent";

    private const string GreetType = "CalculationMemberGreetEvent";
    private const string KeepAliveType = "CalculationMemberKeepAliveEvent";
    private const string ProcessorAnswer = "EntityProcessorCalculationResponse";
    private const string CriteriaAnswer = "EntityCriteriaCalculationResponse";
    private const string FunctionAnswer = "EntityFunctionCalculationResponse";

    private static readonly MemberFailure NoObject = new("BAD_ANSWER", "the data of its answer is not a JSON object", Retryable: false);

    public static bool IsAnswer(string type) => type is ProcessorAnswer or CriteriaAnswer or FunctionAnswer;

    public static IReadOnlyList<string> TagsOf(JsonElement join) =>
        join.TryGetProperty("tags", out var tags) && tags.ValueKind == JsonValueKind.Array
        ? [.. tags.EnumerateArray().Where(t => t.ValueKind == JsonValueKind.String).Select(t => t.GetString()!)] : [];

    /// <summary>Strata's own: how many calls the member works on at once; null: the default.</summary>
    public static int? LimitOf(JsonElement join) =>
        join.TryGetProperty("maxConcurrentCalls", out var limit) && limit.ValueKind == JsonValueKind.Number
            && limit.TryGetInt32(out var value) && value > 0 ? value : null;

    public static CloudEvent Greet(EventWriter events, Member member) => events.Make(GreetType, json =>
    {
        json.WriteBoolean("success", true);
        json.WriteString("memberId", member.Id);
        json.WriteString("joinedLegalEntityId", member.Join.Tenant.ToString());
    });

    public static CloudEvent KeepAlive(EventWriter events, Member member) => events.Make(KeepAliveType, json =>
    {
        json.WriteBoolean("success", true);
        json.WriteString("memberId", member.Id);
    });

    public static CloudEvent Call(EventWriter events, MemberCall call)
    {
        var (type, subject) = call.Kind switch
        {
            MemberCallKind.Processor => ("EntityProcessorCalculationRequest", "processor"),
            MemberCallKind.Criterion => ("EntityCriteriaCalculationRequest", "criteria"),
            _ => ("EntityFunctionCalculationRequest", "function"),
        };
        var message = events.Make(type, json => WriteCall(json, call, subject));
        var actor = call.Call.Entity.ChangedBy;
        EventWriter.SetAttribute(message, "authtype", actor.StartsWith("user:", StringComparison.Ordinal) ? "user" : "service_account");
        EventWriter.SetAttribute(message, "authid", actor[(actor.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        if (call.TransactionToken is { } token) EventWriter.SetAttribute(message, "cyodatxtoken", token);
        if (call.TraceParent is { } trace) EventWriter.SetAttribute(message, "traceparent", trace); // the extension for distributed tracing
        return message;
    }

    public static MemberAnswer Answer(string type, JsonElement payload)
    {
        if (payload.TryGetProperty("success", out var success) && success.ValueKind == JsonValueKind.False)
            return new MemberAnswer { Failure = FailureOf(payload) };
        return type switch
        {
            ProcessorAnswer => Processed(payload),
            CriteriaAnswer =>
                new MemberAnswer { Matches = payload.TryGetProperty("matches", out var matches)
                    && matches.ValueKind == JsonValueKind.True },
            _ => new MemberAnswer { ResultKind = RequestCall.Optional(payload, "resultKind"),
                Result = payload.TryGetProperty("result", out var result) ? JsonText.From(result) : null },
        };
    }

    private static void WriteCall(Utf8JsonWriter json, MemberCall call, string subject)
    {
        var (entity, transition) = (call.Call.Entity, call.Call.Transition);
        json.WriteBoolean("success", true);
        json.WriteString("requestId", call.RequestId);
        json.WriteString("entityId", entity.Id.Value);
        json.WriteString(subject + "Id", call.Name);
        json.WriteString(subject + "Name", call.Name);
        if (call.Kind == MemberCallKind.Criterion) json.WriteString("target", transition is null ? "WORKFLOW" : "TRANSITION");
        WriteNamed(json, "workflow", call.Call.Workflow);
        if (transition is not null)
        {
            WriteNamed(json, "transition", transition.Name, more: () =>
            {
                json.WriteString("stateFrom", entity.State);
                json.WriteString("stateTo", transition.Next);
            });
        }
        if (call.TransactionToken is { } token) json.WriteString("transactionId", token);
        if (call.Config.Context is { } context) json.WriteString("parameters", context);
        if (!call.Config.AttachEntity) return;
        json.WritePropertyName("payload");
        EntityWriter.WriteEnvelope(json, entity, type: "JSON");
    }

    private static void WriteNamed(Utf8JsonWriter json, string member, string name, Action? more = null)
    {
        json.WriteStartObject(member);
        json.WriteString("id", name);
        json.WriteString("name", name);
        more?.Invoke();
        json.WriteEndObject();
    }

    /// <summary>Without data the processor leaves the document unchanged; data that is not an object cannot be a document.</summary>
    private static MemberAnswer Processed(JsonElement payload)
    {
        var carries = payload.TryGetProperty("payload", out var carried) && carried.ValueKind == JsonValueKind.Object
            && carried.TryGetProperty("data", out var data) && data.ValueKind != JsonValueKind.Null;
        if (!carries) return new MemberAnswer();
        var document = carried.GetProperty("data");
        return document.ValueKind == JsonValueKind.Object
            ? new MemberAnswer { Document = JsonText.From(document) } : new MemberAnswer { Failure = NoObject };
    }

    private static MemberFailure FailureOf(JsonElement payload)
    {
        var error = payload.TryGetProperty("error", out var found) ? found : default;
        return new MemberFailure(RequestCall.Optional(error, "code"),
            RequestCall.Optional(error, "message") ?? "The member gave no reason.", RequestCall.Optional(error, "retryable") == "true");
    }
}

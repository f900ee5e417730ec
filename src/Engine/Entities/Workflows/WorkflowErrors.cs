using Strata.Core;
using Strata.Entities.Json;

namespace Strata.Entities.Workflows;

/// <summary>The machine's errors.</summary>
internal static class WorkflowErrors
{
    public static Error TransitionNotFound(string name, string state, IEnumerable<string> possible)
    {
        var names = string.Join(", ", possible);
        return new Error(ErrorKind.Invalid, "TRANSITION_NOT_FOUND", $"\"{Quote.Shorten(name)}\" is not a transition of the state {state}.",
            names.Length == 0 ? "This state offers none." : $"Possible now: {names}.");
    }

    public static Error FiresByItself(string name) =>
        new(ErrorKind.Invalid, "TRANSITION_NOT_FOUND", $"\"{name}\" is scheduled: it cannot be fired manually.");

    public static Error CriterionRejects(string name, string state, string? reason) => new(
        ErrorKind.Invalid, "WORKFLOW_FAILED",
        $"The criterion of \"{name}\" does not hold for the entity in the state {state}: {reason}.",
        "Change the data that the criterion checks, then try again.");

    public static Error TooManyVisits(string state) =>
        Cascade($"the state {state} was entered more than {WorkflowMachine.VisitsMax} times");

    public static Error TooDeep() => Cascade($"more than {WorkflowMachine.DepthMax} automatic transitions followed each other");

    public static Error BadDocument(string processor, Error fault) =>
        new(ErrorKind.Invalid, "WORKFLOW_FAILED",
            $"The processor \"{processor}\" answered with a document that cannot be kept. {fault.Message}");

    private static Error Cascade(string what) =>
        new(ErrorKind.Invalid, "WORKFLOW_FAILED", $"The cascade was stopped: {what}.",
            "Give an automatic transition a criterion that ends the circle.");
}

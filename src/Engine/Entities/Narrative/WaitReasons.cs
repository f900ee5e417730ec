using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Entities.Narrative;

/// <summary>What an entity waits for, in sentences. Stateless.</summary>
internal static class WaitReasons
{
    public static IEnumerable<string> Of(DryRun run, IReadOnlyList<ScheduledTransition> armed)
    {
        var state = run.Entity.State;
        string[] sentences = [.. Moves(run), .. armed.Select(schedule => OfSchedule(schedule, state)), .. Automatic(run, state),
            .. Manual(run, state)];
        return sentences.Length > 0 ? sentences : [$"nothing: no transition leads out of the state {state}."];
    }

    public static string OfFailure(Error error) => $"an obstacle to go: a change that leaves its data as it is would fail. {error.Message}";

    /// <summary>A workflow that was imported since may have opened a way that only a change can take.</summary>
    private static IEnumerable<string> Moves(DryRun run)
    {
        if (run.Error is { } error) yield return OfFailure(error);
        else if (run.Steps.Count > 0) yield return $"its next change, which takes it to {run.State} by \"{run.Steps[0].Transition}\".";
    }

    private static string OfSchedule(ScheduledTransition schedule, string state)
    {
        if (ProcessorTimeout.Is(schedule)) return $"the answer of a processor, until {ConditionWords.Of(schedule.DueAt)} at the latest.";
        var until = schedule.ExpiresAt is { } expires ? $" and until {ConditionWords.Of(expires)} at the latest" : "";
        var unless = $"unless it leaves the state {state} before or is changed, which restarts its timer";
        return $"\"{schedule.Transition}\", which fires by itself at {ConditionWords.Of(schedule.DueAt)}{until}, {unless}.";
    }

    private static IEnumerable<string> Automatic(DryRun run, string state) => run.Refusals
        .Where(refusal => refusal.Step.Type == AuditEventTypes.TransitionNotMatchCriterion && refusal.Step.State == state)
        .Select(refusal =>
            $"\"{refusal.Step.Detail}\", which fires by itself at the change that makes its criterion hold; now {refusal.Step.Reason}.");

    private static IEnumerable<string> Manual(DryRun run, string state) => run.State != state ? [] : run.Offers.Select(offer => offer switch
    {
        { Refusal: { } refusal } => $"a request for \"{offer.Transition}\", which leads to {offer.To} and would be refused now: {refusal}.",
        { Criterion: { } criterion } => $"a request for \"{offer.Transition}\", which leads to {offer.To} where {criterion}.",
        _ => $"a request for \"{offer.Transition}\", which leads to {offer.To}.",
    });
}

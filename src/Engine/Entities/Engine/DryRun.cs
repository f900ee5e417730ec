using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>
/// What a change would do to an entity, and why not more. Nothing is written and no processor is called: what lies behind one assumes that
/// it leaves the document as it is. Functions are asked, because they have no effects. Immutable.
/// </summary>
public sealed record DryRun
{
    /// <summary>As it is.</summary>
    public required EntityRevision Entity { get; init; }

    /// <summary>The workflow that applies.</summary>
    public required string Workflow { get; init; }

    /// <summary>The state that it would reach; where the change would fail, the one that it would stay in.</summary>
    public required string State { get; init; }

    /// <summary>What would be answered instead of success; null: it would succeed.</summary>
    public Error? Error { get; init; }

    /// <summary>In the order in which they would be taken; where the change would fail, those before it did.</summary>
    public required IReadOnlyList<DryStep> Steps { get; init; }

    /// <summary>Which criteria would refuse what.</summary>
    public required IReadOnlyList<DryRefusal> Refusals { get; init; }

    /// <summary>Scheduled transitions that would be armed.</summary>
    public IReadOnlyList<ScheduledTransition> Armed { get; init; } = [];

    /// <summary>Names of the scheduled transitions that would be disarmed.</summary>
    public IReadOnlyList<string> Disarmed { get; init; } = [];

    /// <summary>Manual transitions that could then be requested.</summary>
    public IReadOnlyList<DryOffer> Offers { get; init; } = [];

    /// <summary>Whether a processor that may change the document would be called before the end.</summary>
    public bool IsAssumption =>
        Steps.Any(step => step.Calls.Any(call => call.Processor.ExecutionMode != ExecutionMode.AsyncNewTransaction));
}

/// <summary>A transition that would be taken.</summary>
/// <param name="To">Null: it would fail before it got there.</param>
/// <param name="IsAutomatic">True if it was not requested.</param>
public sealed record DryStep(string Transition, string From, string? To, bool IsAutomatic, IReadOnlyList<DryCall> Calls);

/// <summary>A processor that would be called.</summary>
/// <param name="IsServed">Whether someone is there to serve it.</param>
public sealed record DryCall(ProcessorDefinition Processor, bool IsServed);

/// <summary>A manual transition of a state.</summary>
/// <param name="Criterion">In words; null: it has none.</param>
/// <param name="Refusal">Why it would be refused; null: it would not, or a function decides.</param>
public sealed record DryOffer(string Transition, string To, string? Criterion, string? Refusal);

/// <summary>A criterion that would not hold.</summary>
/// <param name="Step">TRANSITION_NOT_MATCH_CRITERION, WORKFLOW_SKIP or PROCESS_NOT_MATCH_CRITERION, with its reason.</param>
/// <param name="Verdicts">Comparison by comparison; of a function none.</param>
public sealed record DryRefusal(AuditEvent Step, IReadOnlyList<Verdict> Verdicts);

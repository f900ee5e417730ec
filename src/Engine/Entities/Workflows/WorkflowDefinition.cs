using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Entities.Workflows;

/// <summary>
/// A workflow: a state machine that says what an entity may become. Read from and written as the entity API's workflow JSON by
/// WorkflowJson, which checks it whole and reports every fault. Immutable.
/// </summary>
public sealed record WorkflowDefinition
{
    /// <summary>Of the schema, for example "1.0".</summary>
    public required string Version { get; init; }
    public required string Name { get; init; }
    public string? Description { get; init; }
    public required string InitialState { get; init; }

    /// <summary>An inactive workflow is kept and never selected.</summary>
    public bool Active { get; init; } = true;

    /// <summary>Selects the workflow for an entity; null: any entity.</summary>
    public Criterion? Criterion { get; init; }

    public required IReadOnlyDictionary<string, StateDefinition> States { get; init; }

    /// <summary>A JSON object for people and tools, here and in every part below; kept, and of no meaning to the engine.</summary>
    public JsonText? Annotations { get; init; }
    public JsonText? CriterionAnnotations { get; init; }

    /// <summary>
    /// The JSON that it was read from, byte for byte; null for one made in code. Change it along with what it says, by
    /// <see cref="WorkflowText"/>.
    /// </summary>
    public JsonText? Source { get; init; }

    internal IEnumerable<TransitionDefinition> Scheduled(string state) =>
        States.TryGetValue(state, out var definition) ? definition.Transitions.Where(transition => transition.IsScheduled) : [];
}

public sealed record StateDefinition
{
    /// <summary>In declaration order: the first automatic one whose criterion matches fires.</summary>
    public IReadOnlyList<TransitionDefinition> Transitions { get; init; } = [];
    public JsonText? Annotations { get; init; }
}

public sealed record TransitionDefinition
{
    public required string Name { get; init; }
    public required string Next { get; init; }

    /// <summary>Fired only on request; otherwise it fires automatically as soon as its criterion matches.</summary>
    public bool Manual { get; init; }
    public bool Disabled { get; init; }
    public Criterion? Criterion { get; init; }
    public IReadOnlyList<ProcessorDefinition> Processors { get; init; } = [];

    /// <summary>Fires automatically after a delay, and never manually.</summary>
    public ScheduleDefinition? Schedule { get; init; }

    /// <summary>Whether the cascade takes it: neither manual nor disabled nor scheduled.</summary>
    public bool IsAutomatic => !Manual && !Disabled && Schedule is null;

    /// <summary>Whether a caller may ask for it by name from what a state offers.</summary>
    public bool IsOffered => Manual && !Disabled && Schedule is null;

    /// <summary>Whether the engine fires it when it is due.</summary>
    public bool IsScheduled => !Disabled && Schedule is not null;

    public JsonText? Annotations { get; init; }
    public JsonText? CriterionAnnotations { get; init; }
}

/// <summary>A condition on the entity, or a function that a compute member answers. Exactly one is set.</summary>
public sealed record Criterion(Condition? Condition, FunctionDefinition? Function);

/// <param name="Guard">Looked at first: where it does not hold, the function does not match and is not asked. Null: it is always
/// asked.</param>
public sealed record FunctionDefinition(string Name, ComputeConfig Config, Condition? Guard = null);

public sealed record ProcessorDefinition
{
    public required string Name { get; init; }
    public ExecutionMode ExecutionMode { get; init; } = ExecutionMode.Sync;
    public ComputeConfig Config { get; init; } = ComputeConfig.Default;

    /// <summary>Where it does not hold, the transition continues without the processor; null: it is always called.</summary>
    public Criterion? Criterion { get; init; }

    /// <summary>With COMMIT_BEFORE_DISPATCH: the member gets a transaction of its own to join.</summary>
    public bool StartNewTransactionOnDispatch { get; init; }
    public JsonText? Annotations { get; init; }
}

/// <summary>When a transition fires automatically, computed again each time the entity settles in the state.</summary>
/// <param name="Delay">After it settled; null: a function says when.</param>
/// <param name="Timeout">How long after its time it may still fire; null: for ever, or as the function says.</param>
/// <param name="Function">Set exactly where <paramref name="Delay"/> is not.</param>
public sealed record ScheduleDefinition(TimeSpan? Delay, TimeSpan? Timeout, FunctionDefinition? Function = null);

/// <summary>How a call reaches a compute member.</summary>
public sealed record ComputeConfig
{
    public static readonly ComputeConfig Default = new();

    public bool AttachEntity { get; init; } = true;

    /// <summary>Any overlap with a member's tags will do; empty: any member.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);
    public string? Context { get; init; }

    /// <summary>
    /// What becomes of a call that was lost: <c>NONE</c> or <c>FIXED</c>; older clients also write EXPONENTIAL and LINEAR, which mean
    /// FIXED. Null: the default.
    /// </summary>
    public string? RetryPolicy { get; init; }

    /// <summary>A lost call may be given to another member.</summary>
    public bool Idempotent { get; init; }
}

/// <summary>
/// When a processor runs relative to the commit. Spelt SYNC, ASYNC_SAME_TX, ASYNC_NEW_TX, COMMIT_BEFORE_DISPATCH in JSON.
/// </summary>
public enum ExecutionMode
{
    Sync,
    AsyncSameTransaction,
    AsyncNewTransaction,
    CommitBeforeDispatch,
}

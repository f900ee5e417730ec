using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Definitions.Structures;
using Strata.Entities.Engine;
using Strata.Entities.Log;

namespace Strata.Entities.Workflows;

/// <summary>What the engine needs to know of a model: its workflows and unique keys. Immutable.</summary>
public sealed record ModelDefinition
{
    public required ModelKey Key { get; init; }

    /// <summary>In stored order: the first active one whose criterion matches is used; none: the built-in default workflow.</summary>
    public IReadOnlyList<WorkflowDefinition> Workflows
    {
        get;
        init => (field, HasSchedules) = (value, value.SelectMany(w => w.States.Values).SelectMany(s => s.Transitions).Any(Arms));
    } = [];

    public IReadOnlyList<UniqueKeyDefinition> UniqueKeys { get; init; } = [];

    /// <summary>Id of the project that it belongs to; null: to the organization.</summary>
    public string? Project { get; init; }

    /// <summary>What documents must fit; null: anything does.</summary>
    internal StructureCheck? Check { get; init; }

    /// <summary>
    /// Whether anything is ever armed for its entities: a scheduled transition, or a watch over a processor that is called behind a commit.
    /// Without, schedules cost nothing.
    /// </summary>
    public bool HasSchedules { get; private init; }

    private static bool Arms(TransitionDefinition transition) =>
        transition.IsScheduled || transition.Processors.Any(p => p.ExecutionMode == ExecutionMode.CommitBeforeDispatch);
}

/// <summary>
/// Scalar paths whose values together are unique among the model's entities. All null: exempt; some null: INVALID_UNIQUE_KEY.
/// </summary>
public sealed record UniqueKeyDefinition(string Id, IReadOnlyList<JsonPath> Fields);

/// <summary>Where the engine finds definitions. Answers from memory nearly always; safe for concurrent use.</summary>
public interface IDefinitions
{
    /// <summary>Why <see cref="FindAsync"/> has no model of that key: MODEL_NOT_FOUND, or MODEL_NOT_LOCKED.</summary>
    ValueTask<Error> ExplainAsync(TenantId tenant, ModelKey key, CancellationToken cancellationToken) =>
        new(EngineErrors.ModelNotFound(key));

    /// <summary>The model, or null where the tenant has none of that key that may hold entities.</summary>
    ValueTask<ModelDefinition?> FindAsync(TenantId tenant, ModelKey key, CancellationToken cancellationToken);

    /// <summary>Takes note of a revision of a model that this server has written.</summary>
    void Learn(EntityRevision revision) { }
}

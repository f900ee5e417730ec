namespace Strata.Client;

/// <summary>What a handler receives besides the entity's data.</summary>
public sealed record CallContext
{
    /// <summary>Of the processor, criterion or function.</summary>
    public required string Name { get; init; }

    public Guid EntityId { get; init; }

    /// <summary>Null where the workflow does not attach the entity.</summary>
    public EntityMeta? Meta { get; init; }

    public string Workflow { get; init; } = "";

    /// <summary>Null outside of transitions, as in a workflow's own criterion.</summary>
    public CallTransition? Transition { get; init; }

    /// <summary>The context that the workflow gives the processor.</summary>
    public string? Parameters { get; init; }
}

/// <summary>The transition that a call is a part of.</summary>
public sealed record CallTransition(string Name, string StateFrom, string StateTo);

/// <summary>One call, when it is over: for logs.</summary>
/// <param name="Kind">processor, criterion or function.</param>
/// <param name="Failure">What the handler threw; null: nothing.</param>
public sealed record CallReport(string Kind, CallContext Call, TimeSpan Took, Exception? Failure);

namespace Strata.Entities.Workflows;

/// <summary>The workflow of entities whose model has none that suits: NONE ─NEW→ CREATED at once, then UPDATE and DELETE by hand.</summary>
public static class DefaultWorkflow
{
    public static readonly WorkflowDefinition Definition = new()
    {
        Version = "1.0",
        Name = "default",
        InitialState = "NONE",
        States = new Dictionary<string, StateDefinition>(StringComparer.Ordinal)
        {
            ["NONE"] = new() { Transitions = [new() { Name = "NEW", Next = "CREATED" }] },
            ["CREATED"] = new()
            {
                Transitions = [new() { Name = "UPDATE", Next = "CREATED", Manual = true },
                    new() { Name = "DELETE", Next = "DELETED", Manual = true }],
            },
            ["DELETED"] = new(),
        },
    };
}

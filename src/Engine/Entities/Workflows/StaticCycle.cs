namespace Strata.Entities.Workflows;

/// <summary>
/// Finds circles that every entity which enters would run in for ever: of each state, the automatic transition that surely fires is the
/// first one without a criterion (those behind it never do), unless a criterion before it may lead elsewhere; even so it is taken as an
/// edge, because such a circle is nearly always a mistake.
/// </summary>
internal static class StaticCycle
{
    /// <returns>The states of one circle, first and last the same; null if there is no circle.</returns>
    public static IReadOnlyList<string>? Find(WorkflowDefinition workflow)
    {
        var settled = new HashSet<string>(StringComparer.Ordinal);
        foreach (var start in workflow.States.Keys)
        {
            if (Walk(workflow, start, settled) is { } cycle) return cycle;
        }
        return null;
    }

    private static List<string>? Walk(WorkflowDefinition workflow, string start, HashSet<string> settled)
    {
        var path = new List<string>();
        for (string? state = start; state is not null && !settled.Contains(state); state = Next(workflow, state))
        {
            if (path.IndexOf(state) is >= 0 and var at) return [.. path[at..], state];
            path.Add(state);
        }
        settled.UnionWith(path);
        return null;
    }

    private static string? Next(WorkflowDefinition workflow, string state) =>
        workflow.States.GetValueOrDefault(state)?.Transitions.FirstOrDefault(t => t.IsAutomatic && t.Criterion is null)?.Next;
}

namespace Strata.Entities.Workflows;

/// <summary>The entity API's spellings of execution modes.</summary>
public static class ExecutionModes
{
    private static readonly Dictionary<string, ExecutionMode> ByName = new(StringComparer.Ordinal)
    {
        ["SYNC"] = ExecutionMode.Sync,
        ["ASYNC_SAME_TX"] = ExecutionMode.AsyncSameTransaction,
        ["ASYNC_NEW_TX"] = ExecutionMode.AsyncNewTransaction,
        ["COMMIT_BEFORE_DISPATCH"] = ExecutionMode.CommitBeforeDispatch,
    };

    public static IEnumerable<string> Names => ByName.Keys;

    public static bool TryFind(string name, out ExecutionMode mode) => ByName.TryGetValue(name, out mode);

    public static string Of(ExecutionMode mode) => ByName.First(pair => pair.Value == mode).Key;
}

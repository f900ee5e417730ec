using Strata.Core;

namespace Strata.Entities.Json;

/// <summary>
/// Collects what is wrong with a definition, each fault with the place that it is at, up to <see cref="Max"/>. Not for concurrent use.
/// </summary>
internal sealed class Faults
{
    public const int Max = 50;

    private readonly List<(string Path, string Message)> found = [];
    private int more;

    public bool Any => found.Count > 0;

    public void Add(string path, string message)
    {
        if (found.Count < Max) found.Add((path, message));
        else more++;
    }

    public bool At(Predicate<string> path) => found.Exists(fault => path(fault.Path));

    /// <summary>One error that reports all faults; its details hold them by path.</summary>
    public Error ToError(string code, string nextStep, ErrorKind kind = ErrorKind.Invalid)
    {
        var message = string.Join(" ", found.Select(fault => $"{fault.Path}: {fault.Message}")) + (more > 0 ? $" And {more} more." : "");
        var details = found.GroupBy(fault => fault.Path)
            .ToDictionary(group => group.Key, group => string.Join(" ", group.Select(fault => fault.Message)));
        return new Error(kind, code, message, nextStep) { Details = details };
    }
}

namespace Strata.Deployments.Source;

/// <summary>
/// Answers where a path inside a folder leads, from the folder's symbolic links alone, without touching the file system; so that nothing
/// outside the folder is ever reached. Paths are relative to the root, with "/" between their parts. Not safe for concurrent use while
/// links are added.
/// </summary>
internal sealed class LinkMap
{
    /// <summary>As many links as Linux follows for one path.</summary>
    private const int HopsMax = 40;

    /// <summary>
    /// Parts of links' targets that are followed in all: targets of 4 KiB that lead to each other cost thousands each. A tree of packages
    /// with 100,000 links follows a tenth of it. Beyond it a link counts as one that leaves the root, which is refused.
    /// </summary>
    private const long StepsMax = 10_000_000;

    private long steps;
    private readonly Dictionary<string, string> targets = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Links => targets;

    public void Add(string path, string target) => targets[path] = target;

    public void Remove(string path) => targets.Remove(path);

    public bool IsLink(string path) => targets.ContainsKey(path);

    /// <summary>Whether some folder above the path is a link.</summary>
    public bool PassesLink(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (IsLink(path[..slash])) return true;
        }
        return false;
    }

    /// <summary>The path with every link followed, "" for the root; null if it leaves the root or the links form a cycle.</summary>
    public string? Resolve(string path) => Resolve(path, out _);

    /// <summary>
    /// Whether it leads out of the root. Links that lead in a circle do not, and nothing can be reached through them: the system refuses to
    /// follow them (ELOOP).
    /// </summary>
    public bool Leaves(string path) => Resolve(path, out var isCircle) is null && !isCircle;

    /// <summary>Whether links form a cycle, or more of them are chained than the system follows.</summary>
    public bool IsCircle(string path) => Resolve(path, out var isCircle) is null && isCircle;

    private string? Resolve(string path, out bool isCircle)
    {
        isCircle = false;
        var pending = new Stack<string>(path.Split('/').Reverse());
        var done = new List<string>();
        var hops = 0;
        while (pending.TryPop(out var part))
        {
            if (part is "" or ".") continue;
            if (part == "..")
            {
                if (done.Count == 0) return null;
                done.RemoveAt(done.Count - 1);
                continue;
            }
            done.Add(part);
            if (!targets.TryGetValue(string.Join('/', done), out var target)) continue;
            if (target.StartsWith('/')) return null;
            if (++hops > HopsMax)
            {
                isCircle = true;
                return null;
            }
            done.RemoveAt(done.Count - 1);
            var parts = target.Split('/');
            if ((steps += parts.Length) > StepsMax) return null;
            for (var i = parts.Length - 1; i >= 0; i--) pending.Push(parts[i]);
        }
        return string.Join('/', done);
    }

    /// <summary>The links of a folder on disk; none is entered.</summary>
    /// <exception cref="TooManyEntriesException">There are more than <paramref name="entriesMax"/> files, folders and links.</exception>
    public static LinkMap Scan(string root, int entriesMax, CancellationToken cancellationToken)
    {
        var map = new LinkMap();
        foreach (var entry in UserFolder.Walk(root, entriesMax, cancellationToken))
        {
            if (entry.Target is { } target) map.Add(entry.Path, target);
        }
        return map;
    }
}

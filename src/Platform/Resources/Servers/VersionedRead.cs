namespace Strata.Resources.Servers;

/// <summary>
/// Keeps what a read returned until the next change. A read that began before a change never replaces the result of one that began after
/// it, however long it takes, and is not returned to anyone who asks after the change. Safe for concurrent use.
/// </summary>
internal sealed class VersionedRead<T>(Func<T> read) where T : class
{
    private readonly Lock gate = new();
    private volatile Result? kept;
    private long version;

    public T Value => kept is { } result && result.Version == Volatile.Read(ref version) ? result.Value : Read();

    /// <summary>To be called when the change can be read.</summary>
    public void Changed() => Interlocked.Increment(ref version);

    private T Read()
    {
        var at = Volatile.Read(ref version);
        var result = new Result(at, read());
        lock (gate)
        {
            if (kept is null || kept.Version < at) kept = result;
        }
        return result.Value;
    }

    private sealed record Result(long Version, T Value);
}

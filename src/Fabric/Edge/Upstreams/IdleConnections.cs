using System.Diagnostics.CodeAnalysis;

namespace Strata.Edge.Upstreams;

/// <summary>
/// Idle connections: a stack for each shard of the dialer, so the last used is the first taken, and the longest idle are at the bottom. Not
/// thread-safe.
/// </summary>
internal sealed class IdleConnections(int shards)
{
    /// <summary>In one tick of the coarse clock.</summary>
    private const int BorrowedPerTickMax = 64;

    private readonly Stack<UpstreamConnection>[] stacks = [.. Enumerable.Range(0, shards).Select(_ => new Stack<UpstreamConnection>())];

    private readonly (long At, int Count)[] lacking = new (long, int)[shards];

    public int Count => stacks.Sum(s => s.Count);

    public void Push(UpstreamConnection connection) => stacks[connection.Shard].Push(connection);

    /// <summary>
    /// One of the shard. A shard that lacks one now and then takes another's; one that often does gets more of its own, as the caller opens
    /// a new one.
    /// </summary>
    /// <param name="now">The coarse clock's time.</param>
    public bool TryPop(int shard, long now, [NotNullWhen(true)] out UpstreamConnection? connection)
    {
        if (stacks[shard].TryPop(out connection)) return true;
        ref var lacks = ref lacking[shard];
        lacks = lacks.At == now ? (now, lacks.Count + 1) : (now, 1);
        return lacks.Count <= BorrowedPerTickMax && TryPopAny(out connection);
    }

    public bool TryPopAny([NotNullWhen(true)] out UpstreamConnection? connection)
    {
        foreach (var stack in stacks)
        {
            if (stack.TryPop(out connection)) return true;
        }
        connection = null;
        return false;
    }

    /// <summary>Takes all out.</summary>
    public UpstreamConnection[] TakeAll()
    {
        UpstreamConnection[] all = [.. stacks.SelectMany(s => s)];
        foreach (var stack in stacks) stack.Clear();
        return all;
    }

    /// <summary>Takes those out that have been idle since before the time.</summary>
    public UpstreamConnection[] TakeStale(long before)
    {
        List<UpstreamConnection> stale = [];
        foreach (var stack in stacks)
        {
            if (stack.All(c => c.IdleSince >= before)) continue;
            stale.AddRange(stack.Where(c => c.IdleSince < before));
            var kept = stack.Where(c => c.IdleSince >= before).Reverse().ToArray();
            stack.Clear();
            foreach (var connection in kept) stack.Push(connection);
        }
        return [.. stale];
    }
}

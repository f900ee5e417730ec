using System.Collections.Concurrent;
using System.Threading.Channels;
using Strata.Core;

namespace Strata.Compute.Members;

/// <summary>
/// Tells whoever watches an organization's calls of each one when it is over, input and output included; nothing is kept, and without a watcher nothing is made. A watcher that is slow
/// misses the oldest. Safe for concurrent use.
/// </summary>
public sealed class CallWatch
{
    public const int WatchersMax = 100;
    private const int BehindMax = 256;

    private readonly ConcurrentDictionary<Watcher, byte> watchers = new();

    /// <summary>SERVER_BUSY where too many watch already. The caller disposes it.</summary>
    public Result<Watcher> Watch(TenantId tenant)
    {
        if (watchers.Count >= WatchersMax) return ComputeErrors.TooManyWatchers(WatchersMax);
        var watcher = new Watcher(tenant, w => watchers.TryRemove(w, out _));
        watchers[watcher] = 0;
        return watcher;
    }

    internal bool IsWatched(TenantId tenant) => !watchers.IsEmpty && watchers.Keys.Any(w => w.Tenant == tenant);

    internal void Tell(TenantId tenant, CallTold told)
    {
        foreach (var watcher in watchers.Keys.Where(w => w.Tenant == tenant)) watcher.Add(told);
    }

    /// <summary>Somebody who watches.</summary>
    public sealed class Watcher(TenantId tenant, Action<Watcher> leave) : IDisposable
    {
        private readonly Channel<CallTold> told = Channel.CreateBounded<CallTold>(new BoundedChannelOptions(BehindMax) { FullMode = BoundedChannelFullMode.DropOldest });

        public ChannelReader<CallTold> Calls => told.Reader;

        internal TenantId Tenant => tenant;

        internal void Add(CallTold call) => told.Writer.TryWrite(call);

        public void Dispose() => leave(this);
    }
}

/// <summary>A call that is over.</summary>
/// <param name="Member">Whose token the member joined with.</param>
/// <param name="Answer">Null: there was none.</param>
/// <param name="Failure">What became of the call instead; null: it went well.</param>
public sealed record CallTold(DateTimeOffset At, string Member, MemberCall Call, TimeSpan Took, MemberAnswer? Answer, string? Failure);

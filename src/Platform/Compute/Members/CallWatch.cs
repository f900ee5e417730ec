using System.Collections.Concurrent;
using System.Threading.Channels;
using Strata.Core;

namespace Strata.Compute.Members;

/// <summary>
/// Reports each finished call of an organization to its watchers, input and output included; nothing is stored, and without a watcher
/// nothing is built. A slow watcher misses the oldest. Safe for concurrent use.
/// </summary>
public sealed class CallWatch
{
    /// <summary>Of one organization.</summary>
    public const int WatchersMax = 20;

    private const int BehindMax = 256;

    private readonly ConcurrentDictionary<Watcher, byte> watchers = new();

    /// <summary>SERVER_BUSY where too many watch already. The caller disposes it.</summary>
    public Result<Watcher> Watch(TenantId tenant)
    {
        if (watchers.Keys.Count(w => w.Tenant == tenant) >= WatchersMax) return ComputeErrors.TooManyWatchers(WatchersMax);
        var watcher = new Watcher(tenant, w => watchers.TryRemove(w, out _));
        watchers[watcher] = 0;
        return watcher;
    }

    internal bool IsWatched(TenantId tenant) => !watchers.IsEmpty && watchers.Keys.Any(w => w.Tenant == tenant);

    internal void Report(TenantId tenant, FinishedCall call)
    {
        foreach (var watcher in watchers.Keys.Where(w => w.Tenant == tenant)) watcher.Add(call);
    }

    /// <summary>One watcher of an organization's calls.</summary>
    public sealed class Watcher(TenantId tenant, Action<Watcher> leave) : IDisposable
    {
        private readonly Channel<FinishedCall> calls = Channel.CreateBounded<FinishedCall>(
            new BoundedChannelOptions(BehindMax) { FullMode = BoundedChannelFullMode.DropOldest });

        public ChannelReader<FinishedCall> Calls => calls.Reader;

        internal TenantId Tenant => tenant;

        internal void Add(FinishedCall call) => calls.Writer.TryWrite(call);

        public void Dispose() => leave(this);
    }
}

/// <summary>A call that is over, without what is long: it may have to wait for who watches.</summary>
public sealed record FinishedCall
{
    public const int DocumentBytesMax = 16 * 1024;

    /// <summary>Of what a member or a workflow names or says; the rest is cut off.</summary>
    private const int TextCharsMax = 500;

    public required DateTimeOffset At { get; init; }

    /// <summary>Whose token the member joined with.</summary>
    public required string Member { get; init; }
    public required MemberCallKind Kind { get; init; }
    public required string Name { get; init; }
    public required string Model { get; init; }
    public required EntityId Entity { get; init; }
    public required string State { get; init; }
    public string? Transition { get; init; }
    public TimeSpan Took { get; init; }

    /// <summary>The entity's data; null where it is longer than <see cref="DocumentBytesMax"/>.</summary>
    public JsonText? Input { get; init; }

    /// <summary>What the member answered with; null for nothing, and where it is too long.</summary>
    public JsonText? Output { get; init; }

    /// <summary>What became of the call instead; null: it went well.</summary>
    public string? Failure { get; init; }

    internal static FinishedCall Of(DateTimeOffset at, Member member, MemberCall call) => new()
    {
        At = at, Member = member.Join.Actor, Kind = call.Kind, Name = call.Name.Shortened(TextCharsMax),
        Model = call.Call.Entity.Model.Name.Shortened(TextCharsMax), Entity = call.Call.Entity.Id,
        State = call.Call.Entity.State.Shortened(TextCharsMax), Transition = call.Call.Transition?.Name.Shortened(TextCharsMax),
        Input = Short(call.Call.Entity.Document),
    };

    internal FinishedCall With(MemberAnswer answer) => this with
    {
        Failure = answer.Failure?.Message.Shortened(TextCharsMax),
        Output = answer.Failure is not null ? null
            : Kind == MemberCallKind.Criterion ? JsonText.FromString(answer.Matches ? "true" : "false")
            : Short(answer.Document ?? answer.Result),
    };

    private static JsonText? Short(JsonText? document) => document is { } text && text.Utf8.Length <= DocumentBytesMax ? text : null;
}

using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using Strata.Compute.Members;
using Strata.Core;
using Strata.Core.Sharing;

namespace Strata.Compute.Peers;

/// <summary>
/// What this server announces to the others: a line of JSON for each organization that has members here. A line is written once for all
/// other servers, and only when the organization's members or calls changed. Bounded: a line has at most <see
/// cref="MemberGroupsLine.BytesMax"/>, and leaves out the groups with the lowest limits beyond that; all lines together have <see
/// cref="BytesMax"/>, and an organization that finds no room is announced when some becomes free. What is not announced is called by this
/// server only. Safe for concurrent use.
/// </summary>
internal sealed partial class MemberAnnouncements(
    MemberDirectory directory, TimeProvider time, ILogger<MemberAnnouncements> logger, long bytesMax = MemberAnnouncements.BytesMax)
    : IShareReport
{
    public const long BytesMax = 64 << 20;

    /// <summary>How many of those that found no room are tried again at a time.</summary>
    private const int TriedAgainMax = 100;

    /// <summary>Changes within this time are sent together.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(250);

    /// <summary>How often calls in flight are sent, where they changed.</summary>
    private static readonly TimeSpan LoadEvery = TimeSpan.FromSeconds(1);

    private readonly ByteBudget budget = new("members announced to other servers", new ShareSize(bytesMax));
    private readonly Lock gate = new();
    private readonly Dictionary<TenantId, Announced> lines = [];
    private readonly List<Reader> readers = [];

    /// <summary>Organizations that have no line because all lines have no more room.</summary>
    private readonly HashSet<TenantId> leftOut = [];

    /// <summary>Some of <see cref="leftOut"/> may fit now.</summary>
    private bool hasFreeRoom;

    /// <summary>Organizations of which something is not announced, as the log says.</summary>
    private readonly HashSet<TenantId> incomplete = [];

    public IEnumerable<ShareUse> Shares => [budget.Use];

    /// <summary>
    /// Until cancelled: first all lines, then those that change. An organization without members left gets a line without groups.
    /// </summary>
    public async Task WriteAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        var reader = Open();
        try
        {
            while (true)
            {
                var change = directory.NextChange;
                await WriteAsync(output, Take(reader), cancellationToken);
                await change.WaitAsync(LoadEvery, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await Task.Delay(Gather, time, cancellationToken);
            }
        }
        finally
        {
            Close(reader);
        }
    }

    private static async Task WriteAsync(PipeWriter output, List<byte[]> lines, CancellationToken cancellationToken)
    {
        var unsent = 0;
        foreach (var line in lines)
        {
            output.Write(line);
            unsent += line.Length;
            if (unsent < MemberGroupsLine.BytesMax) continue;
            await output.FlushAsync(cancellationToken);
            unsent = 0;
        }
        await output.FlushAsync(cancellationToken);
    }

    private Reader Open()
    {
        lock (gate)
        {
            var reader = new Reader();
            reader.Pending.UnionWith(lines.Keys);
            readers.Add(reader);
            return reader;
        }
    }

    private void Close(Reader reader)
    {
        lock (gate)
        {
            readers.Remove(reader);
            if (readers.Count > 0) return;
            directory.IgnoreChanges();
            foreach (var line in lines.Values) line.Room.Dispose();
            lines.Clear();
            leftOut.Clear();
            hasFreeRoom = false;
            incomplete.Clear();
        }
    }

    private List<byte[]> Take(Reader reader)
    {
        lock (gate)
        {
            Refresh();
            var taken = reader.Pending.Select(t => lines.TryGetValue(t, out var line) ? line.Text : MemberGroupsLine.Write(t, [])).ToList();
            reader.Pending.Clear();
            return taken;
        }
    }

    private void Refresh()
    {
        foreach (var tenant in directory.TakeChanged()) hasFreeRoom |= Refresh(tenant);
        if (!hasFreeRoom) return;
        var tried = leftOut.Take(TriedAgainMax).ToList();
        foreach (var tenant in tried) Refresh(tenant);
        hasFreeRoom = leftOut.Count > 0 && !tried.TrueForAll(leftOut.Contains); // the rest are tried in the next round
    }

    /// <returns>Whether its line takes less room now.</returns>
    private bool Refresh(TenantId tenant)
    {
        var groups = directory.GroupsOf(tenant);
        var fitting = MemberGroupsLine.Fitting(groups);
        var text = fitting.Count > 0 ? MemberGroupsLine.Write(tenant, fitting) : null;
        if (lines.Remove(tenant, out var former))
        {
            if (text is not null && text.AsSpan().SequenceEqual(former.Text))
            {
                lines[tenant] = former;
                return false;
            }
            former.Room.Dispose();
        }
        leftOut.Remove(tenant);
        var announced = 0;
        if (text is not null)
        {
            if (!budget.TryReserve(tenant, text.Length).TryGet(out var room, out _)) leftOut.Add(tenant);
            else (lines[tenant], announced) = (new Announced(text, room), fitting.Count);
        }
        if (announced == groups.Count) incomplete.Remove(tenant);
        else if (incomplete.Add(tenant)) LogIncomplete(groups.Count - announced, groups.Count, tenant);
        if (former is not null || announced > 0)
        {
            foreach (var reader in readers) reader.Pending.Add(tenant);
        }
        return former is not null && former.Text.Length > (announced > 0 ? text!.Length : 0);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "{LeftOut} of {Groups} sets of tags of members of {Tenant} do not fit and are not announced. Only this server calls them")]
    private partial void LogIncomplete(int leftOut, int groups, TenantId tenant);

    /// <summary>One other server that reads.</summary>
    private sealed class Reader
    {
        /// <summary>Organizations whose line it has not got yet.</summary>
        public HashSet<TenantId> Pending { get; } = [];
    }

    /// <param name="Room">In the budget.</param>
    private sealed record Announced(byte[] Text, ShareLease Room);
}

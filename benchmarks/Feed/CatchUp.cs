using System.Diagnostics;
using Strata.Entity.Benchmarks;

namespace Strata.Feed.Benchmarks;

/// <param name="Cost">Processor time of a revision.</param>
internal sealed record Reading(long Revisions, double PerSecond, string Cost)
{
    public override string ToString() => FormattableString.Invariant($"{PerSecond:0} revisions/s ({Cost})");
}

/// <summary>Reads all that there is, by the feed and by SQL.</summary>
internal static class CatchUp
{
    public static Task<Reading> ByFeedAsync(Cloud cloud) => MeasureAsync(cloud, async () =>
    {
        using var answer = await cloud.Http.GetAsync("/api/entity/feed", HttpCompletionOption.ResponseHeadersRead);
        await using var body = await answer.Content.ReadAsStreamAsync();
        var (buffer, lines) = (new byte[256 * 1024], 0L);
        for (int read; (read = await body.ReadAsync(buffer)) > 0;) lines += buffer.AsSpan(0, read).Count((byte)'\n');
        return lines - 1; // the last says where it ended
    });

    /// <summary>The least that a reader can do: the same columns in the same order, each looked at.</summary>
    public static Task<Reading> BySqlAsync(Cloud cloud) => MeasureAsync(cloud, async () =>
    {
        await using var command = cloud.Source.CreateCommand("""
            set enable_seqscan = off;
            select tenant, entity, commit, revision, created_at, changed_at, version, deleted, model, state, transition, changed_by, document
            from strata.log where tenant = (select tenant from strata.log where model = 'order' limit 1) and model = 'order' order by revision, ordinal
            """);
        await using var row = await command.ExecuteReaderAsync();
        var rows = 0L;
        for (; await row.ReadAsync(); rows++) _ = (row.GetFieldValue<byte[]>(12), row.GetString(9), row.GetInt64(3));
        return rows;
    });

    private static async Task<Reading> MeasureAsync(Cloud cloud, Func<Task<long>> read)
    {
        var (before, start) = (cloud.Cpu.Used(), Stopwatch.GetTimestamp());
        var count = await read();
        var (after, elapsed) = (cloud.Cpu.Used(), Stopwatch.GetElapsedTime(start).TotalSeconds);
        var (program, database) = ((after.Program - before.Program) * 1e6 / count, (after.Database - before.Database) * 1e6 / count);
        return new Reading(
            count, count / elapsed, FormattableString.Invariant($"{program:0.0} µs in this process, {database:0.0} µs in PostgreSQL"));
    }
}

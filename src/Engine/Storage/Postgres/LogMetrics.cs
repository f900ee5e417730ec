using System.Diagnostics;
using System.Diagnostics.Metrics;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Storage.Postgres;

/// <summary>
/// Instruments of the log and of search, in the meter <c>Strata.Log</c>, and spans of its commits, in the source of the same name.
/// Recording is thread-safe and allocates nothing; while nothing listens it costs a comparison.
/// </summary>
internal static class LogMetrics
{
    public const string Name = "Strata.Log";

    public static readonly ActivitySource Source = new(Name);

    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly InstrumentAdvice<int> Counts =
        new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] };
    private static readonly Meter Meter = new(Name);

    private static readonly Histogram<double> CommitDuration = Meter.CreateHistogram(
        "strata.log.commit.duration", "s", "From a commit's entry into the queue to its outcome.", null, Seconds);

    private static readonly Histogram<int> GroupSize = Meter.CreateHistogram(
        "strata.log.group.size", "{commit}", "Commits that were appended in one round trip.", null, Counts);

    private static readonly Histogram<int> BatchSize = Meter.CreateHistogram(
        "strata.log.read.batch.size", "{read}", "Reads by id that were answered in one round trip.", null, Counts);

    private static readonly Histogram<double> BatchDuration = Meter.CreateHistogram(
        "strata.log.read.batch.duration", "s", "Round trip of a batch of reads by id.", null, Seconds);

    private static readonly Histogram<double> SearchDuration = Meter.CreateHistogram(
        "strata.search.duration", "s", "Searches in the database, without reading what they found.", null, Seconds);

    /// <summary>For the start of something that is measured by <see cref="Committed"/>; 0 while nothing measures.</summary>
    public static long CommitStart() => CommitDuration.Enabled ? Stopwatch.GetTimestamp() : 0;

    public static long BatchStart() => BatchDuration.Enabled ? Stopwatch.GetTimestamp() : 0;

    /// <summary>The gauges of one writer's queue, until they are disposed.</summary>
    public static Meter Queue(Func<long> commits, Func<long> bytes)
    {
        var meter = new Meter(Name);
        meter.CreateObservableGauge("strata.log.queue.commits", commits, null, "Commits that wait to be appended.");
        meter.CreateObservableGauge("strata.log.queue.size", bytes, "By", "Documents of the commits that wait.");
        return meter;
    }

    public static void Grouped(IReadOnlyList<AppendRequest> commits)
    {
        GroupSize.Record(commits.Count);
        if (!Source.HasListeners()) return;
        foreach (var commit in commits) commit.GroupSize = commits.Count;
    }

    /// <summary>A span of one commit; null where its trace is not sampled. Not the current one of its caller, which continues.</summary>
    public static Activity? StartCommit(Commit commit)
    {
        if (!Source.HasListeners()) return null;
        var caller = Activity.Current;
        var span = Source.StartActivity("log.commit", ActivityKind.Client);
        if (span is { IsAllDataRequested: false }) // for a root that the sampler refuses, there is a span that only carries ids
        {
            span.Dispose();
            span = null;
        }
        Activity.Current = caller;
        return span?.SetTag("strata.commit.writes", commit.Writes.Count);
    }

    /// <summary>Ends the span with its outcome.</summary>
    public static async Task<AppendOutcome> TraceAsync(Activity span, AppendRequest request, Task<AppendOutcome> outcome)
    {
        try
        {
            var result = await outcome;
            span.SetTag("strata.commit.outcome", Word(result)).SetTag("strata.commit.group_size", request.GroupSize);
            return result;
        }
        catch (Exception e)
        {
            span.SetStatus(ActivityStatusCode.Error, e.GetType().Name);
            throw;
        }
        finally
        {
            span.Stop();
        }
    }

    /// <param name="outcome">Null: an error.</param>
    public static void Committed(long startedAt, AppendOutcome? outcome)
    {
        if (startedAt != 0) CommitDuration.Record(Elapsed(startedAt), new KeyValuePair<string, object?>("outcome", Word(outcome)));
    }

    /// <param name="reads">0: it was a probe.</param>
    public static void Answered(long startedAt, int reads, bool isOk)
    {
        if (startedAt == 0 || reads == 0) return;
        BatchSize.Record(reads);
        BatchDuration.Record(Elapsed(startedAt), new KeyValuePair<string, object?>("outcome", isOk ? "ok" : "error"));
    }

    /// <summary>Runs a search and measures it.</summary>
    public static async Task<T> SearchAsync<T>(Func<Task<T>> run)
    {
        using var activity = Source.StartActivity("search", ActivityKind.Client);
        var startedAt = Stopwatch.GetTimestamp();
        var outcome = "error";
        try
        {
            var found = await run();
            outcome = "ok";
            return found;
        }
        catch (StrataException e) when (e.Error.Kind is ErrorKind.Timeout or ErrorKind.RequestTimeout)
        {
            outcome = "timeout";
            throw;
        }
        finally
        {
            SearchDuration.Record(Elapsed(startedAt), new KeyValuePair<string, object?>("outcome", outcome));
        }
    }

    private static double Elapsed(long startedAt) => Stopwatch.GetElapsedTime(startedAt).TotalSeconds;

    private static string Word(AppendOutcome? outcome) => outcome switch
    {
        AppendOutcome.Committed => "committed",
        AppendOutcome.AlreadyCommitted => "already_committed",
        AppendOutcome.Conflict => "conflict",
        AppendOutcome.Duplicate => "duplicate",
        AppendOutcome.Fenced => "fenced",
        AppendOutcome.Importing => "importing",
        null => "error",
        _ => "other",
    };
}

using System.Globalization;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.EntityApi;
using Strata.EntityApi.Search;
using Strata.Storage.Postgres;

namespace Strata.Server.Options;

/// <summary>A bound with a setting: a whole number between two others. All of them, with what each sets.</summary>
public sealed record LimitSetting(Setting Setting, long Min, long Max, Func<ServerLimits, long, ServerLimits> Apply)
{
    private const int MiB = 1 << 20;

    public static readonly IReadOnlyList<LimitSetting> All =
    [
        OfEntityApi("body-bytes-max", 10 * MiB, 1024, 25 * MiB, "Bytes of a request's body, messages apart", (l, n) => l with { BodyBytesMax = (int)n }),
        OfEntityApi("message-bytes-max", 10 * MiB, 1024, 1024 * MiB, "Bytes of one message's body", (l, n) => l with { MessageBytesMax = n }),
        OfEntityApi("stats-groups-max", 10_000, 1, 1_000_000, "Groups that grouped statistics answer", (l, n) => l with { StatsGroupsMax = (int)n }),
        OfEntityApi("feed-streams-max", 500, 1, 100_000, "Feeds that one organization follows on one server", (l, n) => l with { FeedStreamsMax = (int)n }),
        OfEngine("document-bytes-max", 10 * MiB, 1024, 25 * MiB, "Bytes of one entity's document", (l, n) => l with { DocumentBytesMax = (int)n }),
        OfEngine("transaction-entities-max", 1_000, 1, 4_096, "Entities that one transaction reads and writes", (l, n) => l with { TransactionEntitiesMax = (int)n }),
        OfEngine("transaction-bytes-max", 64 * MiB, 1024, 1024 * MiB, "Bytes of all documents that one transaction writes", (l, n) => l with { TransactionBytesMax = n }),
        OfEngine("transaction-seconds-max", 60, 1, 3_600, "Seconds from a transaction's begin to its commit", (l, n) => l with { TransactionLifetime = TimeSpan.FromSeconds(n) }),
        OfEngine("conflict-tries-max", 6, 1, 100, "How often a change is tried when its entity keeps moving on", (l, n) => l with { ConflictTriesMax = (int)n }),
        new(
            Make("revision-cache-bytes-max", PostgresOptions.RevisionCacheBytesDefault, "Bytes of entities read lately that are kept in memory; 0: none"),
            0, 64L * 1024 * MiB, (l, n) => l with { RevisionCacheBytesMax = n }),
        new(
            Make("disk-reserve-bytes", DiskReserve.BytesDefault, "Free space of the data folder's disk that is left to the platform: below it uploads, builds and starts are refused"),
            0, 1024L * 1024 * MiB, (l, n) => l with { DiskReserveBytes = n }),
        OfSearch("search-timeout", 30, 1, 3_600, "Seconds that a search may take before it is answered with SEARCH_TIMEOUT", (l, n) => l with { Timeout = TimeSpan.FromSeconds(n) }),
        OfSearch("search-job-seconds-max", 600, 1, 86_400, "Seconds that an asynchronous search may run", (l, n) => l with { JobTimeout = TimeSpan.FromSeconds(n) }),
        OfSearch("search-job-hours-kept", 24, 1, 8_760, "Hours for which an asynchronous search and its results are kept", (l, n) => l with { JobLifetime = TimeSpan.FromHours(n) }),
        OfSearch("search-job-results-max", 1_000_000, 1, 100_000_000, "Entities that an asynchronous search may find", (l, n) => l with { JobResultsMax = n }),
        OfSearch("search-jobs-per-org-max", 100, 1, 100_000, "Asynchronous searches of one organization, kept ones included", (l, n) => l with { JobsPerTenantMax = (int)n }),
        OfSearch("search-jobs-queued-max", 64, 1, 10_000, "Asynchronous searches that one server holds", (l, n) => l with { JobsQueuedMax = (int)n }),
    ];

    public string Expected => $"a whole number from {Min} to {Max}";

    /// <exception cref="FormatException">Not a number, or out of bounds.</exception>
    public long Parse(string text) =>
        long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) is var number && number >= Min && number <= Max ? number : throw new FormatException();

    private static LimitSetting OfEntityApi(string name, long otherwise, long min, long max, string description, Func<EntityApiLimits, long, EntityApiLimits> apply) =>
        new(Make(name, otherwise, description), min, max, (limits, number) => limits with { EntityApi = apply(limits.EntityApi, number) });

    private static LimitSetting OfEngine(
        string name, long otherwise, long min, long max, string description, Func<EngineLimits, long, EngineLimits> apply) =>
        new(Make(name, otherwise, description), min, max, (limits, number) => limits with { Engine = apply(limits.Engine, number) });

    private static LimitSetting OfSearch(
        string name, long otherwise, long min, long max, string description, Func<SearchOptions, long, SearchOptions> apply) =>
        new(Make(name, otherwise, description), min, max, (limits, number) => limits with { Search = apply(limits.Search, number) });

    private static Setting Make(string name, long otherwise, string description) =>
        new(name, otherwise.ToString(CultureInfo.InvariantCulture), description);
}

using System.Globalization;
using Strata.Api.Shares;
using Strata.Core;
using Strata.Deployments.Placement;
using Strata.Edge;
using Strata.Entities.Engine;
using Strata.EntityApi;
using Strata.EntityApi.Search;
using Strata.Storage.Postgres;

namespace Strata.Server.Options;

/// <summary>A bound with a setting: a whole number between two others. All of them, with what each sets.</summary>
public sealed record LimitSetting(Setting Setting, long Min, long Max, Func<ServerLimits, long, ServerLimits> Apply)
{
    private const int MiB = 1 << 20;

    /// <summary>Named, because an edge in a process of its own is given it too.</summary>
    public static readonly Setting EdgeStopGrace = Make(
        "edge-stop-grace", (long)EdgeOptions.StopGraceDefault.TotalSeconds,
        "Seconds that requests in flight may go on when the edge stops; a part of the server has 40 to stop");

    public static readonly IReadOnlyList<LimitSetting> All =
    [
        OfEntityApi("body-bytes-max", 10 * MiB, 1024, 25 * MiB, "Bytes of a request's body, messages apart",
            (l, n) => l with { BodyBytesMax = (int)n }),
        OfEntityApi("message-bytes-max", 10 * MiB, 1024, 1024 * MiB, "Bytes of one message's body",
            (l, n) => l with { MessageBytesMax = n }),
        OfEntityApi("stats-groups-max", 10_000, 1, 1_000_000, "Groups that grouped statistics answer",
            (l, n) => l with { StatsGroupsMax = (int)n }),
        OfApi("api-connections-max", 4_096, 16, 1_000_000, "Connections of clients; one organization holds at most half of them",
            (l, n) => l with { ConnectionsMax = (int)n }),
        OfApi("address-connections-max", 256, 1, 1_000_000, "Connections from one address, loopback apart, that have shown no token yet",
            (l, n) => l with { AddressConnectionsMax = (int)n }),
        OfApi("api-requests-max", 4_096, 16, 1_000_000, "Requests at work at a time; one organization has at most half of them",
            (l, n) => l with { RequestsMax = (int)n }),
        OfApi("api-memory-bytes-max", 128 * MiB, 32 * MiB, 64L * 1024 * MiB,
            "Bytes of answers being sent and of large bodies; one organization uses at most half",
            (l, n) => l with { MemoryBytesMax = n }),
        OfApi("streams-max", 1_000, 2, 1_000_000, "Watches, feeds and followed logs on one server",
            (l, n) => l with { StreamsMax = (int)n }),
        OfApi("feed-streams-max", 500, 1, 100_000, "Watches, feeds and followed logs of one organization on one server",
            (l, n) => l with { StreamsPerOrganizationMax = (int)n }),
        OfApi("token-streams-max", 250, 1, 100_000, "Watches, feeds and followed logs of one token on one server",
            (l, n) => l with { StreamsPerTokenMax = (int)n }),
        OfApi("resources-per-kind-max", 10_000, 10, 1_000_000,
            "Resources of one kind, such as routes, that one organization may have",
            (l, n) => l with { ResourcesPerKindMax = (int)n }),
        new(
            Make("tunnels-max", 200, "Tunnels connected to one server; one organization connects at most half of them"),
            2, 100_000, (l, n) => l with { Tunnels = l.Tunnels with { TunnelsMax = (int)n } }),
        new(
            Make("builds-max", 2, "Builds at work at a time on one server"), 1, 1_000, (l, n) => l with { BuildsMax = (int)n }),
        new(
            Make("builds-per-org-max", 0, "Builds of one organization at work at a time, where there are several; 0: half of all"),
            0, 1_000, (l, n) => l with { BuildsPerOrganizationMax = (int)n }),
        new(
            Make("builds-waiting-max", 500,
                "Releases of one organization that wait for a build in turn; later ones take theirs when there is room"),
            1, 100_000, (l, n) => l with { BuildsWaitingMax = (int)n }),
        new(EdgeStopGrace, 0, 30, (l, n) => l with { EdgeStopGrace = TimeSpan.FromSeconds(n) }),
        OfQuota("quota-memory", 0, 64L * 1024 * 1024 * MiB,
            "Bytes of memory of one organization's instances; 0: all but a quarter of the nodes",
            (l, n) => l with { MemoryBytes = n }),
        OfQuota("quota-cpu", 0, 1_000_000, "Cores of one organization's instances; 0: all but a quarter of the nodes",
            (l, n) => l with { Cpu = n }),
        OfQuota("quota-disk", 0, 1024L * 1024 * 1024 * MiB,
            "Bytes of one organization's sources and images; 0: half of the disk, or 100 GiB in a bucket",
            (l, n) => l with { DiskBytes = n }),
        OfQuota("quota-instances", 200, 1_000_000, "Instances of one organization", (l, n) => l with { Instances = (int)n }),
        OfEngine("document-bytes-max", 10 * MiB, 1024, 25 * MiB, "Bytes of one entity's document",
            (l, n) => l with { DocumentBytesMax = (int)n }),
        OfEngine("transaction-entities-max", 1_000, 1, 4_096, "Entities that one transaction reads and writes",
            (l, n) => l with { TransactionEntitiesMax = (int)n }),
        OfEngine("transaction-bytes-max", 64 * MiB, 1024, 1024 * MiB, "Bytes of all documents that one transaction writes",
            (l, n) => l with { TransactionBytesMax = n }),
        OfEngine("transaction-seconds-max", 60, 1, 3_600, "Seconds from a transaction's begin to its commit",
            (l, n) => l with { TransactionLifetime = TimeSpan.FromSeconds(n) }),
        OfEngine("conflict-tries-max", 6, 1, 100, "How often a change is tried when its entity keeps moving on",
            (l, n) => l with { ConflictTriesMax = (int)n }),
        new(
            Make("revision-cache-bytes-max", PostgresOptions.RevisionCacheBytesDefault,
                "Bytes of entities read lately that are kept in memory; 0: none"),
            0, 64L * 1024 * MiB, (l, n) => l with { RevisionCacheBytesMax = n }),
        new(
            Make("disk-reserve-bytes", DiskReserve.BytesDefault,
                "Free space of the data folder's disk that is left to the platform: below it uploads, builds and starts are refused"),
            0, 1024L * 1024 * MiB, (l, n) => l with { DiskReserveBytes = n }),
        OfSearch("search-timeout", 30, 1, 3_600, "Seconds that a search may take before it is answered with SEARCH_TIMEOUT",
            (l, n) => l with { Timeout = TimeSpan.FromSeconds(n) }),
        OfSearch("searches-at-once", 4, 1, 1_000,
            "Searches that run in the database at a time; one organization runs at most three of four",
            (l, n) => l with { SearchesAtOnce = (int)n }),
        OfSearch("search-job-seconds-max", 600, 1, 86_400, "Seconds that an asynchronous search may run",
            (l, n) => l with { JobTimeout = TimeSpan.FromSeconds(n) }),
        OfSearch("search-job-hours-kept", 24, 1, 8_760, "Hours for which an asynchronous search and its results are kept",
            (l, n) => l with { JobLifetime = TimeSpan.FromHours(n) }),
        OfSearch("search-job-results-max", 1_000_000, 1, 100_000_000, "Entities that an asynchronous search may find",
            (l, n) => l with { JobResultsMax = n }),
        OfSearch("search-jobs-per-org-max", 100, 1, 100_000, "Asynchronous searches of one organization, kept ones included",
            (l, n) => l with { JobsPerTenantMax = (int)n }),
        OfSearch("search-jobs-queued-max", 64, 1, 10_000, "Asynchronous searches that one server holds",
            (l, n) => l with { JobsQueuedMax = (int)n }),
    ];

    public string Expected => $"a whole number from {Min} to {Max}";

    /// <exception cref="FormatException">Not a number, or out of bounds.</exception>
    public long Parse(string text) =>
        long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture) is var number && number >= Min && number <= Max
            ? number : throw new FormatException();

    private static LimitSetting OfQuota(
        string name, long otherwise, long max, string description, Func<QuotaOptions, long, QuotaOptions> apply) =>
        new(Make(name, otherwise, description), otherwise == 0 ? 0 : 1, max,
            (limits, number) => limits with { Quota = apply(limits.Quota, number) });

    private static LimitSetting OfApi(
        string name, long otherwise, long min, long max, string description, Func<ApiLimits, long, ApiLimits> apply) =>
        new(Make(name, otherwise, description), min, max, (limits, number) => limits with { Api = apply(limits.Api, number) });

    private static LimitSetting OfEntityApi(
        string name, long otherwise, long min, long max, string description, Func<EntityApiLimits, long, EntityApiLimits> apply) =>
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

namespace Strata.Api.Shares;

/// <summary>What bounds the HTTP API, in total and for one organization. Immutable.</summary>
public sealed record ApiLimits
{
    public static readonly ApiLimits Default = new();

    /// <summary>Connections of clients; one organization holds at most half of them.</summary>
    public int ConnectionsMax { get; init; } = 4096;

    /// <summary>Connections from one source address without an authenticated request yet; more are closed. Loopback is exempt.</summary>
    public int AddressConnectionsMax { get; init; } = 256;

    /// <summary>Concurrent requests, streams included; one organization has at most half of them.</summary>
    public int RequestsMax { get; init; } = 4096;

    /// <summary>Watches, feeds and followed logs; more: SHARE_EXHAUSTED.</summary>
    public int StreamsMax { get; init; } = 1000;

    /// <summary>Of one organization; more: TOO_MANY_STREAMS.</summary>
    public int StreamsPerOrganizationMax { get; init; } = 500;

    /// <summary>Of one token; more: TOO_MANY_STREAMS.</summary>
    public int StreamsPerTokenMax { get; init; } = 250;

    /// <summary>Resources of one kind that one organization has; more: RESOURCE_LIMIT.</summary>
    public int ResourcesPerKindMax { get; init; } = 10_000;

    /// <summary>
    /// Bytes of pages that were read and not sent yet, and of large request bodies; one organization uses at most half of them.
    /// </summary>
    public long MemoryBytesMax { get; init; } = 128L << 20;
}

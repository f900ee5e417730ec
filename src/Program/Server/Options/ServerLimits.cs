using Strata.Api.Shares;
using Strata.Deployments.Placement;
using Strata.Edge;
using Strata.Entities.Engine;
using Strata.EntityApi;
using Strata.EntityApi.Search;
using Strata.Storage.Postgres;
using Strata.Tunnels;

namespace Strata.Server.Options;

/// <summary>Bounds of the log, the engine and the entity platform, as this server's settings have them. Immutable.</summary>
public sealed record ServerLimits
{
    public EngineLimits Engine { get; init; } = EngineLimits.Default;

    public ApiLimits Api { get; init; } = ApiLimits.Default;

    public EntityApiLimits EntityApi { get; init; } = EntityApiLimits.Default;

    public QuotaOptions Quota { get; init; } = QuotaOptions.Default;

    public TunnelOptions Tunnels { get; init; } = TunnelOptions.Default;

    /// <summary>Builds at work at a time.</summary>
    public int BuildsMax { get; init; } = 2;

    /// <summary>Of one organization, where there are several; 0: half of all.</summary>
    public int BuildsPerOrganizationMax { get; init; }

    /// <summary>Releases of one organization that wait in turn.</summary>
    public int BuildsWaitingMax { get; init; } = 500;

    public SearchOptions Search { get; init; } = new();

    /// <summary>Bytes of revisions read lately that are kept in memory; 0: none.</summary>
    public long RevisionCacheBytesMax { get; init; } = PostgresOptions.RevisionCacheBytesDefault;

    /// <summary>How long requests in flight may continue after the edge starts to stop.</summary>
    public TimeSpan EdgeStopGrace { get; init; } = EdgeOptions.StopGraceDefault;

    /// <summary>Free space of the data folder's disk that is left to the platform.</summary>
    public long DiskReserveBytes { get; init; } = Core.DiskReserve.BytesDefault;
}

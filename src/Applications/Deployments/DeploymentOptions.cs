using Strata.Deployments.Placement;
using Strata.Deployments.Source;

namespace Strata.Deployments;

/// <summary>Settings of this module; all but the folder and the address have defaults.</summary>
public sealed record DeploymentOptions
{
    /// <summary>The data folder: <c>blobs/</c> is made in it.</summary>
    public required string Home { get; init; }

    /// <summary>Port at which users reach the edge, for the addresses that are shown.</summary>
    public required int HttpPort { get; init; }

    public SourceLimits Source { get; init; } = SourceLimits.Default;

    /// <summary>What each organization's instances may use of the nodes.</summary>
    public QuotaOptions Quota { get; init; } = QuotaOptions.Default;

    /// <summary>Builds at once.</summary>
    public int BuildsMax { get; init; } = 2;

    /// <summary>Builds of one organization at once, where there are several; null: half of all.</summary>
    public int? BuildsPerOrganizationMax { get; init; }

    /// <summary>Releases of one organization that wait in the queue; later ones enter when there is room.</summary>
    public int BuildsWaitingMax { get; init; } = 500;

    /// <summary>How long an instance has to finish its requests once it gets no new ones.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an instance's node may be down before another instance takes its place.</summary>
    public TimeSpan NodeLostAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a stopped instance is kept for inspection.</summary>
    public TimeSpan StoppedKept { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Ready releases of a deployment that are kept for a rollback, beside those in use.</summary>
    public int ReleasesKept { get; init; } = 10;
}

namespace Strata.Edge.Metrics;

/// <summary>
/// What the edge's metrics call a deployment: its organization's id and its name. Bounded: the first
/// <see cref="DeploymentSeriesBook.SeriesMaxDefault"/> deployments of a process have series of their own, all others share one, because
/// each series takes memory until the process ends. Immutable and thread-safe.
/// </summary>
internal sealed record DeploymentSeries(string Org, string Deployment)
{
    /// <summary>Requests that no route was found for.</summary>
    public static readonly DeploymentSeries None = new("", "");

    public static readonly DeploymentSeries Other = new("", "(other)");
}

/// <summary>Gives out <see cref="DeploymentSeries"/>. Safe for concurrent use.</summary>
internal sealed class DeploymentSeriesBook(int seriesMax = DeploymentSeriesBook.SeriesMaxDefault)
{
    public const int SeriesMaxDefault = 500;

    private readonly Lock gate = new();
    private readonly HashSet<DeploymentSeries> known = [];

    public DeploymentSeries Of(string org, string deployment)
    {
        var series = new DeploymentSeries(org, deployment);
        lock (gate)
        {
            if (known.TryGetValue(series, out var same)) return same;
            if (known.Count >= seriesMax) return DeploymentSeries.Other;
            known.Add(series);
            return series;
        }
    }
}

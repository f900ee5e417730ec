using Strata.Contracts;
using Strata.Edge.Metrics;

namespace Strata.Edge.Routing;

/// <summary>A route as requests use it. Immutable.</summary>
internal sealed class RouteEntry
{
    private readonly RouteTarget[] usable;
    private readonly int weightTotal;

    public RouteEntry(RouteRecord record, IEnumerable<RouteTarget> targets, DeploymentSeries series, UpstreamLimits? limits = null)
    {
        Record = record;
        Series = series;
        Limits = limits ?? new UpstreamLimits();
        Prefix = PathPrefix.Normalize(record.Path);
        Hsts = record.Https?.HstsSeconds is { } seconds ? $"max-age={seconds}" : null;
        usable = [.. targets.Where(t => t is { Weight: > 0, IsUsable: true })];
        weightTotal = usable.Sum(t => t.Weight);
        IsStarting = targets.Any(t => t is { Weight: > 0, IsStarting: true });
    }

    public RouteRecord Record { get; }

    /// <summary>What metrics call its deployment.</summary>
    public DeploymentSeries Series { get; }
    public string Prefix { get; }

    /// <summary>Whether an instance that will get its requests is on its way.</summary>
    public bool IsStarting { get; }

    /// <summary>The edge's, with the route's own where it has any.</summary>
    public UpstreamLimits Limits { get; }
    public long? BodyBytesMax => Record.Limits?.BodyBytesMax;

    /// <summary>The value of Strict-Transport-Security in answers over TLS; null: none.</summary>
    public string? Hsts { get; }

    /// <summary>Without a slash at its end; null: requests go to targets.</summary>
    public string? RedirectTo => Record.RedirectTo;

    /// <summary>Whether requests without TLS are sent to HTTPS.</summary>
    public bool RedirectsToHttps { get; init; }
    public bool PassesUnusualHeaders => Record.Limits is { PassUnusualHeaders: true };
    public string Id => Record.Id;
    public string Host => Record.Host;

    /// <summary>A target by chance, as the weights say; null when none can serve.</summary>
    public RouteTarget? Choose()
    {
        if (usable.Length <= 1) return usable.Length == 0 ? null : usable[0];
        var ticket = Random.Shared.Next(weightTotal);
        foreach (var target in usable)
        {
            ticket -= target.Weight;
            if (ticket < 0) return target;
        }
        return usable[^1];
    }
}

/// <summary>A release that gets requests: its instances, or its files. Immutable.</summary>
internal sealed class RouteTarget(TargetRecord record, string org, InstanceState[] instances)
{
    public int Weight => record.Weight;
    public string Org => org;
    public string? StaticImage => record.StaticImage;
    public IReadOnlyList<InstanceState> Instances => instances;
    public bool IsStarting { get; init; }

    /// <summary>Whether another instance can be expected to take what this one does not.</summary>
    public bool HasOther(InstanceState than) => instances.Length > 1 && instances.Any(i => i != than && i.IsHealthy);
    public bool IsUsable => record.StaticImage is not null || instances.Length > 0;

    /// <summary>The less busy of two instances chosen at random; one that rests after failed connects only if there is no other.</summary>
    /// <param name="not">Failed this request already; chosen again only if there is no other.</param>
    public InstanceState Pick(InstanceState? not = null)
    {
        if (instances.Length == 1) return instances[0];
        var first = Random.Shared.Next(instances.Length);
        var second = Random.Shared.Next(instances.Length - 1);
        if (second >= first) second++;
        var (a, b) = (instances[first], instances[second]);
        var picked = b.InFlight < a.InFlight ? b : a;
        return picked != not && picked.IsHealthy ? picked : PickAnother(first, not);
    }

    private InstanceState PickAnother(int start, InstanceState? not)
    {
        InstanceState? resting = null;
        for (var i = 0; i < instances.Length; i++)
        {
            var candidate = instances[(start + i) % instances.Length];
            if (candidate == not) continue;
            if (candidate.IsHealthy) return candidate;
            resting ??= candidate;
        }
        return resting ?? instances[start];
    }
}

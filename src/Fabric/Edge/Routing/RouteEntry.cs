using System.Net;
using Microsoft.Extensions.Primitives;
using Strata.Contracts;
using Strata.Edge.Metrics;

namespace Strata.Edge.Routing;

/// <summary>A route as requests use it. Immutable.</summary>
internal sealed class RouteEntry
{
    private readonly RouteTarget[] usable;
    private readonly int weightTotal;
    private readonly IPNetwork[]? allowed;
    private string? mark;

    public RouteEntry(RouteRecord record, IEnumerable<RouteTarget> targets, DeploymentSeries series, UpstreamLimits? limits = null)
    {
        Record = record;
        Series = series;
        Limits = limits ?? new UpstreamLimits();
        Prefix = PathPrefix.Normalize(record.Path);
        Headers = record.Headers is { Count: > 0 } headers ? [.. headers.Select(h => KeyValuePair.Create(h.Key, new StringValues(h.Value)))]
            : null;
        Maintenance = record.Maintenance is { } sentence ? EdgeFault.Maintenance with { Detail = sentence } : null;
        allowed = record.AllowFrom?.SelectMany(Parse).ToArray();
        Hsts = record.Https?.HstsSeconds is { } seconds ? $"max-age={seconds}" : null;
        usable = [.. targets.Where(t => t is { Weight: > 0, IsUsable: true })];
        weightTotal = usable.Sum(t => t.Weight);
        IsStarting = targets.Any(t => t is { Weight: > 0, IsStarting: true });
    }

    public RouteRecord Record { get; }

    /// <summary>Names it in cookies.</summary>
    public string Mark => mark ??= CookieMark.Of(Record.Id);

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

    /// <summary>Whether instances see the path without <see cref="Prefix"/>.</summary>
    public bool StripsPath => Record.StripPath && Prefix.Length > 0;

    /// <summary>What is set in each answer; null: nothing.</summary>
    public KeyValuePair<string, StringValues>[]? Headers { get; }

    /// <summary>Null: it is served.</summary>
    public EdgeFault? Maintenance { get; }

    /// <summary>Whether a client at this address is served.</summary>
    public bool Allows(IPAddress? client) => allowed is null
        || (client is not null && Array.Exists(allowed, n => n.Contains(client)));

    /// <returns>Empty: it cannot be read, and lets no one in.</returns>
    private static IEnumerable<IPNetwork> Parse(string text) => IPNetwork.TryParse(text, out var network) ? [network]
        : IPAddress.TryParse(text, out var address) ? [new IPNetwork(address, address.GetAddressBytes().Length * 8)] : [];

    /// <summary>Whether requests without TLS are sent to HTTPS.</summary>
    public bool RedirectsToHttps { get; init; }
    public bool PassesUnusualHeaders => Record.Limits is { PassUnusualHeaders: true };
    public string Id => Record.Id;
    public string Host => Record.Host;

    /// <summary>The instance with this mark (<see cref="InstanceState.Mark"/>); null: it is not among the targets', or rests.</summary>
    public (RouteTarget Target, InstanceState Instance)? Find(ReadOnlySpan<char> mark)
    {
        foreach (var target in usable)
        {
            foreach (var instance in target.Instances)
                if (mark.SequenceEqual(instance.Mark)) return instance.IsHealthy ? (target, instance) : null;
        }
        return null;
    }

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

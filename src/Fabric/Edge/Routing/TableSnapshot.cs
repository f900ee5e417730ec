
using Strata.Contracts;
using Strata.Edge.Tls;

namespace Strata.Edge.Routing;

/// <summary>
/// All that an edge needs to know to serve, as plain data: what the follower gathers, what lies on disk, what tests hand in. Immutable.
/// </summary>
public sealed record TableSnapshot(IReadOnlyList<RouteRecord> Routes, IReadOnlyList<InstanceRecord> Instances)
{
    public static readonly TableSnapshot Empty = new([], []);

    /// <summary>Releases that have an instance on its way: requests to one without a ready instance wait for it.</summary>
    public IReadOnlyList<StartingRelease> Starting { get; init; } = [];

    public IReadOnlyList<CertificateRecord> Certificates { get; init; } = [];

    /// <summary>False: the control plane is of a version that has none.</summary>
    public bool KnowsCertificates { get; init; } = true;

    /// <summary>Of the cloud's account key at ACME authorities: with it their questions are answered; null: there are none.</summary>
    public string? AcmeThumbprint { get; init; }
}

/// <summary>A host and path prefix, and what serves it.</summary>
public sealed record RouteRecord
{
    public required string Id { get; init; }
    public required string Org { get; init; }

    /// <summary>Id; null in a table that an older edge kept.</summary>
    public string? Project { get; init; }

    /// <summary>Which of two projects that both name a host has it: the one whose route is older.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Lower case, without port.</summary>
    public required string Host { get; init; }

    /// <summary>Prefix by whole segments; <c>/</c> matches all.</summary>
    public string Path { get; init; } = "/";

    /// <summary>Name of the deployment, for pages and metrics.</summary>
    public required string DeploymentName { get; init; }

    /// <summary>Why nothing serves, as a sentence; null when all is well.</summary>
    public string? Message { get; init; }

    /// <summary>Null: the edge's defaults.</summary>
    public RouteLimits? Limits { get; init; }

    /// <summary>Where requests are sent instead of to targets; null: nowhere.</summary>
    public string? RedirectTo { get; init; }

    /// <inheritdoc cref="RouteSpec.StripPath"/>
    public bool StripPath { get; init; }

    /// <inheritdoc cref="RouteSpec.Headers"/>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <inheritdoc cref="RouteSpec.SignIn"/>
    public bool SignIn { get; init; }

    /// <inheritdoc cref="RouteSpec.Sticky"/>
    public bool Sticky { get; init; }

    /// <summary>Whether instances' answers are compressed.</summary>
    public bool Compress { get; init; }

    /// <inheritdoc cref="RouteSpec.AllowFrom"/>
    public IReadOnlyList<string>? AllowFrom { get; init; }

    /// <inheritdoc cref="RouteSpec.Maintenance"/>
    public string? Maintenance { get; init; }

    /// <summary>Null: as <see cref="RouteSpec.Https"/> says.</summary>
    public RouteHttps? Https { get; init; }
    public IReadOnlyList<TargetRecord> Targets { get; init; } = [];
}

/// <param name="Release">Id; its ready instances get the requests.</param>
/// <param name="Weight">Relative to the other targets; 0: gets none.</param>
/// <param name="StaticImage">Digest of the image whose files the edge serves itself; null: instances serve.</param>
public sealed record TargetRecord(string Release, int Weight, string? StaticImage = null);

/// <summary>A ready instance.</summary>
/// <param name="Id">Of the instance; a restarted one keeps it and may have another address.</param>
/// <param name="Org">It serves routes of this organization only, whatever release it names.</param>
/// <param name="Address">An IP address.</param>
public sealed record InstanceRecord(string Id, string Org, string Release, string Address, int Port);

/// <param name="Org">Of the instance that starts.</param>
/// <param name="Release">Id.</param>
public sealed record StartingRelease(string Org, string Release);

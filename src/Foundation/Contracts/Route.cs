namespace Strata.Contracts;

/// <summary>
/// A host and path prefix that lead to a deployment, to the cloud's API, or elsewhere. Kind <c>route</c>, project scope. The edge follows
/// these.
/// </summary>
public sealed record RouteSpec
{
    /// <summary>Lower case, without port, for example <c>hello.localhost</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Prefix by whole segments; the longest match wins.</summary>
    public string Path { get; init; } = "/";

    /// <summary>
    /// Name or id of a deployment of the same project; kept as its id. Null: <see cref="Api"/> or <see cref="RedirectTo"/>.
    /// </summary>
    public string? Deployment { get; init; }

    /// <summary>Whether the host leads to the cloud's own API instead of a deployment. Operators alone may say so.</summary>
    public bool Api { get; init; }

    /// <summary>
    /// Where requests are sent instead of to a deployment (308): an address such as <c>https://example.com</c>, to which the rest of the
    /// request's path and its query are added. For <c>www.example.com</c> and former names.
    /// </summary>
    public string? RedirectTo { get; init; }

    /// <summary>Timeouts and bounds; null: the edge's defaults.</summary>
    public RouteLimits? Limits { get; init; }

    /// <summary>Whether instances see the path without <see cref="Path"/>, which is then in X-Forwarded-Prefix.</summary>
    public bool StripPath { get; init; }

    /// <summary>Set in each answer, in place of what the application says under these names; 20 at most.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Addresses and networks whose clients are served, such as <c>10.1.0.0/16</c>, 100 at most; null: all are.</summary>
    public IReadOnlyList<string>? AllowFrom { get; init; }

    /// <summary>
    /// Whether visitors must be signed in to the cloud and hold <c>routes.visit</c>. Instances learn who they are from the headers
    /// Strata-User (the person's id) and Strata-Email.
    /// </summary>
    public bool SignIn { get; init; }

    /// <summary>
    /// Whether a client comes back to the instance that has answered it before, as long as that can serve, by a cookie of its session
    /// (strata-instance). Not for gRPC.
    /// </summary>
    public bool Sticky { get; init; }

    /// <summary>
    /// Whether the edge compresses what instances answer (Zstandard, Brotli, gzip): text of a kilobyte and more that the application has
    /// not compressed itself, for clients that take it. Null: it does, but not for the cloud's own API.
    /// </summary>
    public bool? Compress { get; init; }

    /// <summary>A sentence for those who come meanwhile: nothing is served, but 503 with it. Null: all is served.</summary>
    public string? Maintenance { get; init; }

    /// <summary>Null: <see cref="RouteHttps.Redirect"/> by the certificate, and no <see cref="RouteHttps.HstsSeconds"/>.</summary>
    public RouteHttps? Https { get; init; }
}

/// <summary>How a route treats requests with and without TLS.</summary>
public sealed record RouteHttps
{
    /// <summary>
    /// Whether requests over plain HTTP are sent to HTTPS (308). Null: where the host has a certificate that browsers trust, which is one
    /// of an ACME issuer or of one's own.
    /// </summary>
    public bool? Redirect { get; init; }

    /// <summary>
    /// For how long browsers are to use HTTPS alone (Strict-Transport-Security), from each answer over HTTPS, up to two years; 0: no
    /// longer; null: nothing is said.
    /// </summary>
    public int? HstsSeconds { get; init; }
}

/// <summary>What the rollout passes to the edge.</summary>
public sealed record RouteStatus
{
    /// <summary>Name of the deployment, for error pages.</summary>
    public string? DeploymentName { get; init; }

    /// <summary>Releases that get requests, by weight; empty: none serves (yet), and <see cref="Message"/> says why.</summary>
    public IReadOnlyList<RouteTarget> Targets { get; init; } = [];
    public string? Message { get; init; }
}

/// <param name="Release">Id; requests go to this release's READY instances.</param>
/// <param name="Weight">Relative to the other targets; 0 and up.</param>
/// <param name="StaticImage">Digest of the image whose files the edge serves itself; null: instances serve.</param>
public sealed record RouteTarget(string Release, int Weight, string? StaticImage);

/// <summary>States of a route: always ACTIVE.</summary>
public static class RouteStates
{
    public const string Active = "ACTIVE";
}

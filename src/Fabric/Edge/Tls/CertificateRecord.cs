using Strata.Contracts;
using Strata.Core;

namespace Strata.Edge.Tls;

/// <summary>A certificate as an edge needs it: whose it is and for which hosts. Its key is in a file of its own.</summary>
/// <param name="Hosts">Separated by spaces: those that it covers, or where none has been issued yet, is for.</param>
/// <param name="Fingerprint">SHA-256 in hex; null: none has been issued yet.</param>
/// <param name="IsPublic">Whether browsers can be expected to trust it.</param>
/// <param name="IsOwn">Whether a user brought it; it is preferred to the cloud's.</param>
public sealed record CertificateRecord(
    string Id, string Org, string? Project, string Hosts, string? Fingerprint, bool IsPublic, bool IsOwn, DateTimeOffset? NotAfter)
{
    /// <summary>It could not be issued, or has expired: nothing good is to be expected of it soon.</summary>
    public bool IsFailed { get; init; }

    /// <summary>Whether an operator has said of one that a user brought that it may serve the cloud's own API.</summary>
    public bool IsAllowedForApi { get; init; }

    /// <summary>Whether it may serve the cloud's own API: the cloud has made it, or an operator has said so.</summary>
    internal bool IsForApi => !IsOwn || IsAllowedForApi;

    /// <summary>Whether a client that is shown it can be satisfied.</summary>
    internal bool IsUsable => Fingerprint is not null && !IsFailed;

    /// <returns>Null for one that is of no use.</returns>
    internal static CertificateRecord? Of(Resource<CertificateSpec, CertificateStatus> certificate)
    {
        var (spec, status) = (certificate.Spec, certificate.Status);
        var hosts = CertificateHosts.Of(certificate);
        // The fingerprint becomes the name of a file.
        var fingerprint = Core.Fingerprint.IsValid(status.Fingerprint) ? status.Fingerprint : null;
        return hosts.Count == 0 ? null : new CertificateRecord(
            certificate.Id, certificate.Org, certificate.Project, string.Join(' ', hosts), fingerprint, status.IsPublic, spec.Own,
            status.NotAfter) { IsFailed = certificate.State == CertificateStates.Failed, IsAllowedForApi = spec.Api };
    }

    internal bool Covers(ReadOnlySpan<char> host)
    {
        foreach (var range in Hosts.AsSpan().Split(' '))
            if (CertificateHosts.Covers(Hosts.AsSpan(range), host)) return true;
        return false;
    }
}

/// <summary>
/// Which certificate serves which host: of those of the project that has the host one that can be used, then the one that a user brought,
/// then the one for that very host, then the one that is valid for longest. To the host of the cloud's own API callers send their tokens:
/// what a user brought serves it only where an operator has said so. Immutable.
/// </summary>
internal sealed class CertificateIndex
{
    private readonly Dictionary<(string Org, string? Project, string Name), CertificateRecord> byName = [];
    private readonly HashSet<(string Org, string? Project, string Name)> made = [];

    /// <summary>A cloud has one host of its API, if any: few tables look.</summary>
    private readonly Lazy<CertificateIndex> forApi;

    public CertificateIndex(IReadOnlyCollection<CertificateRecord> certificates)
    {
        forApi = new(() => new CertificateIndex([.. certificates.Where(c => c.IsForApi)]));
        foreach (var certificate in certificates)
        {
            foreach (var name in certificate.Hosts.Split(' '))
            {
                var key = (certificate.Org, certificate.Project, name);
                if (!certificate.IsOwn) made.Add(key);
                if (!byName.TryGetValue(key, out var present) || IsBetter(certificate, present)) byName[key] = certificate;
            }
        }
    }

    /// <summary>Whether the cloud makes one for the host, whichever is served.</summary>
    public bool IsMade(string org, string? project, string host) => made.Contains((org, project, host));

    /// <param name="host">In lower case.</param>
    /// <param name="isApi">Whether the host leads to the cloud's own API.</param>
    public CertificateRecord? Find(string org, string? project, string host, bool isApi = false)
    {
        if (isApi) return forApi.Value.Find(org, project, host);
        var exact = byName.GetValueOrDefault((org, project, host));
        var dot = host.IndexOf('.', StringComparison.Ordinal);
        var wide = dot > 0 ? byName.GetValueOrDefault((org, project, "*" + host[dot..])) : null;
        if (exact is null || wide is null) return exact ?? wide;
        if (exact.IsUsable != wide.IsUsable) return exact.IsUsable ? exact : wide;
        return wide.IsOwn && !exact.IsOwn ? wide : exact;
    }

    private static bool IsBetter(CertificateRecord one, CertificateRecord than)
    {
        if (one.IsUsable != than.IsUsable) return one.IsUsable;
        return one.IsOwn != than.IsOwn ? one.IsOwn : one.NotAfter > than.NotAfter;
    }
}

using System.Collections.Concurrent;
using System.Security.Cryptography;
using Strata.Certificates.Acme;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Issuing;

/// <summary>The issuers that there are, and what each does. Safe for concurrent use.</summary>
internal sealed class Issuers(
    InternalAuthority authority, Informer<IssuerSpec, IssuerStatus> view, SealedSecrets secrets, TimeProvider time) : IDisposable
{
    /// <summary>Of an error: how many seconds the authority asks to wait.</summary>
    public const string RetryAfterDetail = "retryAfterSeconds";

    private static readonly Error NotReady = new(
        ErrorKind.Unavailable, "ISSUER_NOT_READY", "The issuer is not ready, see `strata describe issuer NAME`.");

    private static readonly Resource<IssuerSpec, IssuerStatus> Internal = new()
    {
        Id = "", Kind = CertificateKinds.Issuer.Name, Name = IssuerSpec.Internal, Org = "", State = IssuerStates.Ready, Revision = 0,
        CreatedAt = default, UpdatedAt = default, UpdatedBy = "", Spec = new IssuerSpec(), Status = new IssuerStatus(),
    };

    private readonly ConcurrentDictionary<string, HttpClient> clients = new(StringComparer.Ordinal);

    /// <summary>
    /// Those that may sign for the hosts, in the order in which to ask: the cloud's own for local names, and for all as long as there is no
    /// other. They need not be ready.
    /// </summary>
    public IReadOnlyList<Resource<IssuerSpec, IssuerStatus>> For(IReadOnlyList<string> hosts)
    {
        var others = view.All(TenantId.Platform).Where(i => i.Spec.Directory is not null).ToList();
        return others.Count == 0 || hosts.Any(CertificateKinds.IsLocal)
            ? [Internal]
            : [.. others.OrderBy(i => i.Spec.Order).ThenBy(i => i.Name, StringComparer.Ordinal)];
    }

    public async Task<Result<IssuedCertificate>> IssueAsync(
        Resource<IssuerSpec, IssuerStatus> issuer, IReadOnlyList<string> hosts, CancellationToken cancellationToken)
    {
        if (issuer.State != IssuerStates.Ready || issuer.Status.Account is null && issuer.Spec.Directory is not null) return NotReady;
        if (issuer.Spec.Directory is null) return await authority.IssueAsync(hosts, cancellationToken);
        if (!KeyOf(issuer).TryGet(out var accountKey, out var error)) return error;
        using (accountKey)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var ordered = await ClientOf(issuer, accountKey).OrderAsync(
                new Uri(issuer.Status.Account!), hosts, key, EdgesSolve.Instance, cancellationToken);
            return ordered.TryGet(out var certificate, out error) ? IssuedCertificate.Of(certificate.ChainPem, key) : error;
        }
    }

    /// <summary>Registers the account of an ACME issuer; one that is there already is found by its key.</summary>
    public async Task<Result<Uri>> RegisterAsync(
        Resource<IssuerSpec, IssuerStatus> issuer, ECDsa accountKey, CancellationToken cancellationToken) =>
        await ClientOf(issuer, accountKey).RegisterAsync(
            new AcmeContact(issuer.Spec.Email, issuer.Spec.AgreesToTerms), cancellationToken);

    /// <summary>
    /// The key of the accounts at all ACME issuers: edges answer every authority's question about a host by the one thumbprint of it, without
    /// having been asked which authority is at work.
    /// </summary>
    /// <returns>A new one where there is none yet.</returns>
    public ECDsa AccountKey()
    {
        foreach (var issuer in view.All(TenantId.Platform).Where(i => i.Spec.Directory is not null && i.Status.PrivateKey is not null))
            if (KeyOf(issuer).TryGet(out var key, out _)) return key;
        return ECDsa.Create(ECCurve.NamedCurves.nistP256);
    }

    public string Seal(ECDsa key, string issuer) =>
        secrets.Seal(Convert.ToBase64String(key.ExportPkcs8PrivateKey()), CertificateKinds.KeyContextOf(issuer));

    public Result<ECDsa> KeyOf(Resource<IssuerSpec, IssuerStatus> issuer)
    {
        if (issuer.Status.PrivateKey is not { } box || secrets.Open(box, CertificateKinds.KeyContextOf(issuer.Id)) is not { } text)
            return CertificateErrors.KeyLost;
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Convert.FromBase64String(text), out _);
        return key;
    }

    public void Dispose()
    {
        foreach (var http in clients.Values) http.Dispose();
    }

    private AcmeClient ClientOf(Resource<IssuerSpec, IssuerStatus> issuer, ECDsa accountKey) =>
        new(clients.GetOrAdd(issuer.Spec.Roots ?? "", roots => AcmeHttp.Create(roots.Length == 0 ? null : roots)),
            new Uri(issuer.Spec.Directory!), accountKey, time);

    /// <summary>Edges answer for every host by themselves: there is nothing to prepare.</summary>
    private sealed class EdgesSolve : IAcmeSolver
    {
        public static readonly EdgesSolve Instance = new();

        public IReadOnlyList<string> TypesFor(string name) => ["http-01"];

        public Task<Result<Done>> PresentAsync(AcmeChallenge challenge, CancellationToken cancellationToken) =>
            Task.FromResult<Result<Done>>(default(Done));

        public Task WithdrawAsync(AcmeChallenge challenge, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

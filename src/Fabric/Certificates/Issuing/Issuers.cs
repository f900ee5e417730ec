using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Certificates.Acme;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Issuing;

/// <summary>The issuers that there are, and what each does. Safe for concurrent use.</summary>
internal sealed class Issuers(
    InternalAuthority authority, ResourceStore<IssuerSpec, IssuerStatus> store, Informer<IssuerSpec, IssuerStatus> view,
    SealedSecrets secrets, DnsHook dns, TimeProvider time) : IDisposable
{
    /// <summary>The cloud's own authority, which is always ready.</summary>
    public static readonly Resource<IssuerSpec, IssuerStatus> Internal = new()
    {
        Id = "", Kind = CertificateKinds.Issuer.Name, Name = IssuerSpec.Internal, Org = "", State = IssuerStates.Ready, Revision = 0,
        CreatedAt = default, UpdatedAt = default, UpdatedBy = "", Spec = new IssuerSpec(), Status = new IssuerStatus(),
    };

    private static readonly Caller Platform = new(TenantId.Platform, "system:certificates");

    private readonly ConcurrentDictionary<string, Result<HttpClient>> connections = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Directory, string Roots, string Key), Known> clients = new();

    /// <summary>
    /// Those that may sign for the hosts, in the order in which to ask: the cloud's own for local names, and for all as long as there is no
    /// other. They need not be ready.
    /// </summary>
    public IReadOnlyList<Resource<IssuerSpec, IssuerStatus>> For(IReadOnlyList<string> hosts)
    {
        var others = view.All(TenantId.Platform).Where(i => i.Spec.Directory is not null).ToList();
        return others.Count == 0 || hosts.Any(LocalNames.Contain)
            ? [Internal]
            : [.. others.OrderBy(i => i.Spec.Order).ThenBy(i => i.Name, StringComparer.Ordinal)];
    }

    /// <summary>Whether browsers trust what it signs.</summary>
    public static bool IsTrusted(Resource<IssuerSpec, IssuerStatus> issuer) =>
        issuer.Spec.Directory is not null && (issuer.Spec.Trusted ?? issuer.Spec.Roots is null);

    public static bool IsReady(Resource<IssuerSpec, IssuerStatus> issuer) =>
        issuer.State == IssuerStates.Ready && (issuer.Spec.Directory is null || issuer.Status.Account is not null);

    /// <param name="issuer">A ready one.</param>
    public async Task<Result<IssuedCertificate>> IssueAsync(
        Resource<IssuerSpec, IssuerStatus> issuer, IReadOnlyList<string> hosts, CancellationToken cancellationToken)
    {
        if (issuer.Spec.Directory is null) return await authority.IssueAsync(hosts, cancellationToken);
        if (!KeyOf(issuer).TryGet(out var accountKey, out var error)) return error;
        using (accountKey)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            if (!ClientOf(issuer, accountKey).TryGet(out var client, out error)) return error;
            var account = new Uri(issuer.Status.Account!);
            IAcmeSolver solver = issuer.Spec.Challenge == IssuerChallenges.Dns ? dns : EdgesSolve.Instance;
            var ordered = await client.OrderAsync(account, hosts, key, solver, cancellationToken);
            if (!ordered.TryGet(out _, out error) && IsUnknownAccount(error))
            {
                // The authority has forgotten it. With the same key it is the same account for the edges' answers.
                if (!(await RegisterAsync(issuer, accountKey, cancellationToken)).TryGet(out account, out error)) return error;
                await KeepAsync(issuer, account, cancellationToken);
                ordered = await client.OrderAsync(account, hosts, key, solver, cancellationToken);
            }
            return ordered.TryGet(out var certificate, out error) ? IssuedCertificate.Of(certificate.ChainPem, key) : error;
        }
    }

    /// <summary>Registers the account of an ACME issuer; one that is there already is found by its key.</summary>
    public async Task<Result<Uri>> RegisterAsync(
        Resource<IssuerSpec, IssuerStatus> issuer, ECDsa accountKey, CancellationToken cancellationToken) =>
        ClientOf(issuer, accountKey).TryGet(out var client, out var error)
            ? await client.RegisterAsync(new AcmeContact(issuer.Spec.Email, issuer.Spec.AgreesToTerms), cancellationToken) : error;

    /// <summary>
    /// The key of the accounts at all ACME issuers: edges answer every authority's question about a host by the one thumbprint of it,
    /// without having been asked which authority is at work.
    /// </summary>
    /// <returns>A new one before the first issuer.</returns>
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

    /// <summary>When the authority advises to renew a certificate of its own (RFC 9773), and when to ask again.</summary>
    /// <returns>Null: it does not advise.</returns>
    public async Task<Result<AcmeRenewal?>> AdviceAsync(
        Resource<IssuerSpec, IssuerStatus> issuer, string chain, CancellationToken cancellationToken)
    {
        if (!KeyOf(issuer).TryGet(out var accountKey, out var error)) return error;
        using (accountKey)
        using (var leaf = X509Certificate2.CreateFromPem(chain))
            return ClientOf(issuer, accountKey).TryGet(out var client, out error)
                ? await client.RenewalAsync(leaf, cancellationToken) : error;
    }

    /// <summary>Not kept, it is registered again with the next order.</summary>
    private async Task KeepAsync(Resource<IssuerSpec, IssuerStatus> issuer, Uri account, CancellationToken cancellationToken)
    {
        try
        {
            await store.ChangeAsync(
                Platform, issuer.Id, now => now with { Status = now.Status with { Account = account.OriginalString } }, "activate", null,
                cancellationToken);
        }
        catch (StrataException)
        {
            // The order goes on: what it brings is worth more.
        }
    }

    public void Dispose()
    {
        foreach (var known in clients.Values) known.Key.Dispose();
        foreach (var known in connections.Values) if (known.TryGet(out var http, out _)) http.Dispose();
    }

    private Result<AcmeClient> ClientOf(Resource<IssuerSpec, IssuerStatus> issuer, ECDsa accountKey)
    {
        var roots = issuer.Spec.Roots ?? "";
        var connection = connections.GetOrAdd(roots, text => AcmeHttp.Create(text.Length == 0 ? null : text));
        if (!connection.TryGet(out var http, out var error)) return error;
        var directory = issuer.Spec.Directory!;
        return clients.GetOrAdd((directory, roots, AcmeClient.ThumbprintOf(accountKey)), _ =>
        {
            var own = ECDsa.Create(accountKey.ExportParameters(includePrivateParameters: true)); // the caller's ends with its call
            return new Known(new AcmeClient(http, new Uri(directory), own, time), own);
        }).Client;
    }

    private static bool IsUnknownAccount(Error error) =>
        error.Code == AcmeErrors.RefusedCode && error.Details?.GetValueOrDefault(AcmeErrors.TypeDetail) == "accountDoesNotExist";

    /// <param name="Key">That the client signs with.</param>
    private sealed record Known(AcmeClient Client, ECDsa Key);

    /// <summary>Edges answer for every host by themselves: there is nothing to prepare.</summary>
    private sealed class EdgesSolve : IAcmeSolver
    {
        public static readonly EdgesSolve Instance = new();

        public IReadOnlyList<string> TypesFor(string name) => [AcmeChallenge.Http];

        public Task<Result<Done>> PresentAsync(AcmeChallenge challenge, CancellationToken cancellationToken) =>
            Task.FromResult<Result<Done>>(default(Done));

        public Task WithdrawAsync(AcmeChallenge challenge, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

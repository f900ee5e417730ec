using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Issuing;

/// <summary>
/// The cloud's own authority: it signs for local names, and for all while there is no other issuer. Its certificate is made with the first
/// need of it and is trusted by those who install it. Safe for concurrent use.
/// </summary>
internal sealed class InternalAuthority(ResourceStore<IssuerSpec, IssuerStatus> issuers, SealedSecrets secrets, TimeProvider time)
{
    /// <summary>Browsers refuse more than 825 days, from any authority.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    private static readonly TimeSpan RootLifetime = TimeSpan.FromDays(3650);

    /// <summary>Clocks of clients may be behind.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromHours(1);

    private const int SerialBytes = 16;

    private static readonly Caller Platform = new(TenantId.Platform, "system:certificates");

    private volatile Root? known;

    /// <summary>Before its end, in which the last that it has signed end.</summary>
    private static readonly TimeSpan RootReplacedBefore = TimeSpan.FromDays(100);

    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(10);

    /// <summary>The certificate that signs, in PEM. Anyone may ask, so it is not read each time.</summary>
    public async ValueTask<string> CertificateAsync(CancellationToken cancellationToken)
    {
        var root = known is { } present && time.GetElapsedTime(present.ReadAt) < KnownFor ? present : await RootAsync(cancellationToken);
        return root.Certificate.ExportCertificatePem() + "\n";
    }

    public async Task EnsureAsync(CancellationToken cancellationToken) => await RootAsync(cancellationToken);

    public async ValueTask<IssuedCertificate> IssueAsync(IReadOnlyList<string> hosts, CancellationToken cancellationToken)
    {
        var root = await RootAsync(cancellationToken);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName("CN=Strata"), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts) names.AddDnsName(host);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(names.Build(critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root.Certificate, true, false));
        var now = time.GetUtcNow();
        var end = now + Lifetime < root.Certificate.NotAfter ? now + Lifetime : root.Certificate.NotAfter;
        using var certificate = request.Create(
            root.Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(root.Key), now - Slack, end,
            RandomNumberGenerator.GetBytes(SerialBytes));
        return IssuedCertificate.Of(certificate.ExportCertificatePem() + "\n", key);
    }

    private async ValueTask<Root> RootAsync(CancellationToken cancellationToken)
    {
        var found = await issuers.GetAsync(Platform, IssuerSpec.Internal, AsOf.Latest, cancellationToken);
        if (!found.IsOk && found.Error.Kind == ErrorKind.NotFound) found = await MakeAsync(cancellationToken);
        if (!found.TryGet(out var issuer, out var error)) throw error.ToException();
        if (IsToBeMade(issuer.Status)) issuer = await FillAsync(issuer, cancellationToken);
        if (known is not { } present || present.Issuer.Status.Certificate != issuer.Status.Certificate) present = Open(issuer);
        return known = present with { ReadAt = time.GetTimestamp() };
    }

    /// <summary>Of two servers that make it at the same time, the name lets one win, and the other uses what that one made.</summary>
    private async Task<Result<Resource<IssuerSpec, IssuerStatus>>> MakeAsync(CancellationToken cancellationToken)
    {
        var draft = new NewResource<IssuerSpec> { Name = IssuerSpec.Internal, Spec = new IssuerSpec { AgreesToTerms = true } };
        var made = await issuers.CreateAsync(Platform, draft, null, cancellationToken);
        return made.IsOk || made.Error.Code != ResourceErrors.NameTakenCode
            ? made : await issuers.GetAsync(Platform, IssuerSpec.Internal, AsOf.Latest, cancellationToken);
    }

    private bool IsToBeMade(IssuerStatus status)
    {
        if (status is not { Certificate: { } pem, PrivateKey: not null }) return true;
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.NotAfter < time.GetUtcNow() + RootReplacedBefore;
    }

    /// <summary>The key is sealed for the resource's id, so the resource is there before its key.</summary>
    private async Task<Resource<IssuerSpec, IssuerStatus>> FillAsync(
        Resource<IssuerSpec, IssuerStatus> issuer, CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new X500DistinguishedName($"O=Strata, CN=Strata cloud {issuer.Id[^8..]}");
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var from = time.GetUtcNow();
        using var root = request.CreateSelfSigned(from - Slack, from + RootLifetime);
        var status = new IssuerStatus
        {
            Certificate = root.ExportCertificatePem() + "\n",
            PrivateKey = secrets.Seal(Convert.ToBase64String(key.ExportPkcs8PrivateKey()), CertificateKinds.KeyContextOf(issuer.Id)),
        };
        var filled = await issuers.ChangeAsync(
            Platform, issuer.Id, now => IsToBeMade(now.Status) ? now with { Status = status } : now, "activate", null,
            cancellationToken);
        return filled.TryGet(out var made, out var error) ? made : throw error.ToException();
    }

    private Root Open(Resource<IssuerSpec, IssuerStatus> issuer)
    {
        var text = secrets.Open(issuer.Status.PrivateKey!, CertificateKinds.KeyContextOf(issuer.Id))
            ?? throw CertificateErrors.KeyLost.ToException();
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Convert.FromBase64String(text), out _);
        return new Root(issuer, X509Certificate2.CreateFromPem(issuer.Status.Certificate!), key, time.GetTimestamp());
    }

    private sealed record Root(Resource<IssuerSpec, IssuerStatus> Issuer, X509Certificate2 Certificate, ECDsa Key, long ReadAt);
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Certificates.Issuing;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Resources.Kinds;
using Strata.Storage.Memory;

namespace Strata.Certificates.Tests.Issuing;

public class InternalAuthorityTests
{
    private readonly FakeTime time = new();
    private readonly SealedSecrets secrets = new(RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes));
    private readonly ResourceStore<IssuerSpec, IssuerStatus> issuers;

    public InternalAuthorityTests()
    {
        var log = new MemoryLog(time);
        var definitions = new StaticDefinitions([CertificateKinds.Issuer.Definition, StoredModel.Definition]);
        issuers = new(new EntityEngine(log, definitions, new InProcessComputation([], []), time), CertificateKinds.Issuer, time);
    }

    private InternalAuthority NewServer() => new(issuers, secrets, time);

    [Fact]
    public async Task Servers_ThatStartTogether_HaveOneAuthority()
    {
        var servers = Enumerable.Range(0, 8).Select(_ => NewServer()).ToList();
        var roots = Task.WhenAll(servers.Select(s => Task.Run(() => s.CertificateAsync(default).AsTask())));
        await Wait.UntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1)); // one that another was faster than waits a little by this clock
                return roots.IsCompleted;
            },
            "every server has the authority's certificate");
        Assert.Single((await roots).Distinct());
        var issuer = await issuers.GetAsync(new Caller(TenantId.Platform, "test"), IssuerSpec.Internal, AsOf.Latest, default);
        Assert.Equal(IssuerStates.Ready, issuer.Value.State);
        Assert.DoesNotContain("BEGIN", issuer.Value.Status.PrivateKey!); // sealed
    }

    [Fact]
    public async Task Issued_LeadsToTheAuthority_AndIsForItsHostsAlone()
    {
        var authority = NewServer();
        var issued = await authority.IssueAsync(["shop.localhost", "b.localhost"], default);
        using var root = X509Certificate2.CreateFromPem(await authority.CertificateAsync(default));
        using var leaf = X509Certificate2.CreateFromPem(issued.Chain);
        Assert.True(IsTrusted(leaf, root));
        Assert.True(leaf.MatchesHostname("shop.localhost"));
        Assert.False(leaf.MatchesHostname("other.localhost"));
        Assert.Equal(["shop.localhost", "b.localhost"], issued.Hosts);
        Assert.Equal(time.GetUtcNow().AddDays(90), issued.NotAfter);
        // It cannot sign for others.
        Assert.False(leaf.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
    }

    [Fact]
    public async Task Root_IsReplacedBeforeItsEnd()
    {
        var authority = NewServer();
        var first = await authority.CertificateAsync(default);
        time.Advance(TimeSpan.FromDays(3650 - 101));
        Assert.Equal(first, await authority.CertificateAsync(default));
        time.Advance(TimeSpan.FromDays(2));
        var issued = await authority.IssueAsync(["a.localhost"], default);
        var second = await authority.CertificateAsync(default);
        Assert.NotEqual(first, second);
        Assert.Equal(second, await NewServer().CertificateAsync(default));
        using var root = X509Certificate2.CreateFromPem(second);
        using var leaf = X509Certificate2.CreateFromPem(issued.Chain);
        Assert.True(IsTrusted(leaf, root));
    }

    private bool IsTrusted(X509Certificate2 leaf, X509Certificate2 root)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(leaf);
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Certificates.Acme;

namespace Strata.Certificates.Tests.Acme;

/// <summary>Whole orders at a real ACME server.</summary>
public class PebbleOrderTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(AcmeChallenge.Http, "shop.example.com", "www.shop.example.com")]
    [InlineData(AcmeChallenge.TlsAlpn, "shop.example.com", "www.shop.example.com")]
    [InlineData(AcmeChallenge.Dns, "shop.example.com", "*.shop.example.com")]
    public async Task OrderAsync_ByEachType_YieldsACertificateOfTheNames(string type, params string[] names)
    {
        await using var pebble = await Pebble.StartAsync();
        await using var solver = new PebbleSolver(pebble, type);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await OrderAndCheckAsync(pebble, solver, key, names);
        Assert.Equal(2, solver.Presented.Count);
        Assert.All(solver.Presented, c => Assert.Equal((type, "shop.example.com"), (c.Type, c.Name.Replace("www.", ""))));
    }

    [Fact]
    public async Task OrderAsync_WithRsaKeyAndLongChain_IsChecked()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { ChainLength = 3, IsStrict = true });
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Http);
        using var key = RSA.Create(2048);
        var certificate = await OrderAndCheckAsync(pebble, solver, key, "shop.example.com");
        Assert.Equal(4, certificate.ChainPem.Split("-----BEGIN CERTIFICATE-----").Length - 1);
    }

    [Fact]
    public async Task OrderAsync_FirstTypeThatIsOffered_IsTaken()
    {
        await using var pebble = await Pebble.StartAsync();
        await using var solver = new PebbleSolver(pebble, "device-attest-01", AcmeChallenge.TlsAlpn, AcmeChallenge.Http);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await OrderAndCheckAsync(pebble, solver, key, "shop.example.com");
        Assert.Equal(AcmeChallenge.TlsAlpn, Assert.Single(solver.Presented).Type);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public async Task OrderAsync_NoncesAreRejected_IsSentAgain(int percent)
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { NoncesRejected = percent });
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Http);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await OrderAndCheckAsync(pebble, solver, key, "a.example.com", "b.example.com", "c.example.com");
    }

    [Fact]
    public async Task OrderAsync_ValidationTakesTime_IsWaitedFor()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { SleepsAtMost = 2 });
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Http);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await OrderAndCheckAsync(pebble, solver, key, "shop.example.com", "www.shop.example.com");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    [InlineData(100)]
    public async Task OrderAsync_NamesProvenBefore_ProvesOnlyTheOthers(int percent)
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { AuthorizationsReused = percent });
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Http);
        using var account = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var client = pebble.Client(account);
        var address = await AccountAsync(client);
        foreach (var names in new string[][] { ["a.example.com"], ["a.example.com", "b.example.com"], ["b.example.com", "a.example.com"] })
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            Check(await client.OrderAsync(address, names, key, solver, Cancelled), key, names);
        }
        solver.AssertClean();
        if (percent == 100) Assert.Equal(["a.example.com", "b.example.com"], solver.Presented.Select(c => c.Name));
        else Assert.InRange(solver.Presented.Count, 2, 5);
    }

    [Fact]
    public async Task OrderAsync_SeveralAtOnce_ShareTheClient()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { NoncesRejected = 10 });
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.TlsAlpn);
        using var account = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var client = pebble.Client(account);
        var address = await AccountAsync(client);
        await Task.WhenAll(Enumerable.Range(1, 5).Select(async number =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            string[] names = [$"shop{number}.example.com"];
            Check(await client.OrderAsync(address, names, key, solver, Cancelled), key, names);
        }));
        solver.AssertClean();
    }

    [Fact]
    public async Task RenewalAsync_ServerThatDoesNotAdvise_IsNull()
    {
        await using var pebble = await Pebble.StartAsync();
        await using var solver = new PebbleSolver(pebble, AcmeChallenge.Http);
        using var account = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var client = pebble.Client(account);
        var ordered = await client.OrderAsync(await AccountAsync(client), ["shop.example.com"], key, solver, Cancelled);
        using var leaf = X509Certificate2.CreateFromPem(ordered.Value.ChainPem);
        Assert.Null((await client.DirectoryAsync(Cancelled)).Value.RenewalInfo); // pebble 2.4; a later one may advise
        Assert.Null((await client.RenewalAsync(leaf, Cancelled)).Value);
    }

    private static async Task<Uri> AccountAsync(AcmeClient client) =>
        (await client.RegisterAsync(new AcmeContact("ops@example.com", AgreesToTerms: true), Cancelled)).Value;

    private static async Task<AcmeCertificate> OrderAndCheckAsync(
        Pebble pebble, PebbleSolver solver, AsymmetricAlgorithm key, params string[] names)
    {
        using var account = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var client = pebble.Client(account);
        var certificate = Check(await client.OrderAsync(await AccountAsync(client), names, key, solver, Cancelled), key, names);
        solver.AssertClean();
        AssertTrusted(certificate, await pebble.RootPemAsync());
        return certificate;
    }

    private static AcmeCertificate Check(Strata.Core.Result<AcmeCertificate> ordered, AsymmetricAlgorithm key, string[] names)
    {
        Assert.True(ordered.IsOk, ordered.Error?.ToString());
        using var leaf = X509Certificate2.CreateFromPem(ordered.Value.ChainPem);
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), leaf.PublicKey.ExportSubjectPublicKeyInfo());
        var covered = leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames();
        Assert.Equal(names.Order(), covered.Order());
        Assert.Equal((leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime()),
            (ordered.Value.NotBefore.UtcDateTime, ordered.Value.NotAfter.UtcDateTime));
        return ordered.Value;
    }

    private static void AssertTrusted(AcmeCertificate certificate, string rootPem)
    {
        var chain = new X509Chain();
        using var root = X509Certificate2.CreateFromPem(rootPem);
        using var leaf = X509Certificate2.CreateFromPem(certificate.ChainPem);
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.ImportFromPem(certificate.ChainPem);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        Assert.True(chain.Build(leaf), string.Join(", ", chain.ChainStatus.Select(s => s.StatusInformation)));
        chain.Dispose();
    }
}

using System.Security.Cryptography;
using Strata.Certificates.Acme;
using Strata.Core;

namespace Strata.Certificates.Tests.Acme;

/// <summary>Accounts, their conditions, and the trust in the server itself, at a real ACME server.</summary>
public class PebbleAccountTests
{
    private static readonly AcmeContact Contact = new("ops@example.com", AgreesToTerms: true);

    /// <summary>Of the example that pebble comes with.</summary>
    private static readonly AcmeExternalAccount External = new("kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RegisterAsync_Again_FindsTheAccountOfTheKey()
    {
        await using var pebble = await Pebble.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var first = await RegisterAsync(pebble, key, Contact);
        Assert.Equal(first.Value, (await RegisterAsync(pebble, key, Contact with { Email = null })).Value);
        Assert.NotEqual(first.Value, (await RegisterAsync(pebble, other, Contact)).Value);
    }

    /// <summary>Registering again says the contact as well: the server looks at it.</summary>
    [Fact]
    public async Task RegisterAsync_Again_ChangesTheContact()
    {
        await using var pebble = await Pebble.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var first = await RegisterAsync(pebble, key, Contact);
        Assert.Equal(first.Value, (await RegisterAsync(pebble, key, Contact with { Email = "others@example.com" })).Value);
        var refused = (await RegisterAsync(pebble, key, Contact with { Email = "others at example.com" })).Error;
        Assert.Equal("invalidContact", refused?.Details?[AcmeErrors.TypeDetail]);
    }

    [Fact]
    public async Task RegisterAsync_WithoutTheTerms_NamesThem()
    {
        await using var pebble = await Pebble.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var terms = (await pebble.Client(key).DirectoryAsync(Cancelled)).Value.TermsOfService;
        var refused = await RegisterAsync(pebble, key, Contact with { AgreesToTerms = false });
        Assert.Equal(AcmeErrors.TermsNotAgreedCode, refused.Error?.Code);
        Assert.Equal(terms, refused.Error!.Details![AcmeErrors.TermsDetail]);
    }

    [Theory]
    [InlineData("someone at example.com")]
    [InlineData("jörg@example.com")]
    public async Task RegisterAsync_WrongEmail_IsRefusedWithTheReason(string email)
    {
        await using var pebble = await Pebble.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var refused = (await RegisterAsync(pebble, key, Contact with { Email = email })).Error;
        Assert.Equal((AcmeErrors.RefusedCode, "invalidContact"), (refused?.Code, refused?.Details?[AcmeErrors.TypeDetail]));
        Assert.Contains("contact", refused!.Message, StringComparison.Ordinal);
        Assert.NotNull(refused.NextStep);
    }

    [Fact]
    public async Task RegisterAsync_ExternalAccountRequired_NeedsTheRightOne()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions
        {
            ExternalAccounts = new Dictionary<string, string> { [External.KeyId] = External.HmacKey },
        });
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.True((await pebble.Client(key).DirectoryAsync(Cancelled)).Value.ExternalAccountRequired);

        var without = (await RegisterAsync(pebble, key, Contact)).Error;
        Assert.Equal((AcmeErrors.RefusedCode, "externalAccountRequired"), (without?.Code, without?.Details?[AcmeErrors.TypeDetail]));
        var unknown = (await RegisterAsync(pebble, key, Contact with { ExternalAccount = External with { KeyId = "kid-9" } })).Error;
        Assert.Contains("'kid' references a key that is not known", unknown?.Message, StringComparison.Ordinal);
        var wrong = (await RegisterAsync(pebble, key, Contact with { ExternalAccount = External with { HmacKey = "AAAA" } })).Error;
        Assert.Contains("verification error", wrong?.Message, StringComparison.Ordinal);
        Assert.True((await RegisterAsync(pebble, key, Contact with { ExternalAccount = External })).IsOk);
    }

    [Fact]
    public async Task DirectoryAsync_ServerThatIsNotTrusted_IsUnreachable()
    {
        await using var pebble = await Pebble.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var client = new AcmeClient(pebble.Stranger, pebble.DirectoryAddress, key, TimeProvider.System);
        var error = (await client.DirectoryAsync(Cancelled)).Error;
        Assert.Equal(AcmeErrors.UnreachableCode, error?.Code);
        Assert.Contains("not from a certificate authority that is trusted", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DirectoryAsync_TrustedRootButAnotherHostsCertificate_IsUnreachable()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { ServerName = "ca.example.com" });
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var error = (await pebble.Client(key).DirectoryAsync(Cancelled)).Error;
        Assert.Equal(AcmeErrors.UnreachableCode, error?.Code);
        Assert.Contains("its certificate is for another name", error!.Message, StringComparison.Ordinal);
    }

    private static Task<Result<Uri>> RegisterAsync(Pebble pebble, ECDsa key, AcmeContact contact) =>
        pebble.Client(key).RegisterAsync(contact, Cancelled);
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Certificates.Acme;

namespace Strata.Certificates.Tests.Acme;

public class AcmeTransportTests
{
    [Fact]
    public async Task DirectoryAsync_ServerThatNeverAnswers_IsUnreachable()
    {
        var time = new FakeTime();
        using var http = new HttpClient(new SilentServer()) { Timeout = Timeout.InfiniteTimeSpan };
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var asked = new AcmeClient(http, new Uri("https://ca.test/dir"), key, time).DirectoryAsync(CancellationToken.None);
        await Wait.UntilAsync(() => time.Waiting > 0, "the request waits");
        time.Advance(AcmeTransport.RequestPatience);
        var error = (await asked).Error;
        Assert.Equal((AcmeErrors.UnreachableCode, true), (error?.Code, error?.Retryable));
        Assert.Contains("no answer within 30 seconds", error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DirectoryAsync_Cancelled_IsCancelled()
    {
        using var http = new HttpClient(new SilentServer());
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var source = new CancellationTokenSource();
        var asked = new AcmeClient(http, new Uri("https://ca.test/dir"), key, new FakeTime()).DirectoryAsync(source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
    }

    [Fact]
    public async Task DirectoryAsync_WhereNothingListens_SaysWhy()
    {
        using var http = AcmeHttp.Create(null).Value;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var address = new Uri($"https://127.0.0.1:{FreePort.Next()}/dir");
        var error = (await new AcmeClient(http, address, key, TimeProvider.System).DirectoryAsync(CancellationToken.None)).Error;
        Assert.Equal(AcmeErrors.UnreachableCode, error?.Code);
        Assert.Contains("Connection refused", error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://ca.test/dir")]
    [InlineData("https://me:secret@ca.test/dir")]
    public void AcmeClient_DirectoryThatIsNotHttps_IsMisuse(string address)
    {
        using var http = new HttpClient();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Assert.Throws<ArgumentException>(() => new AcmeClient(http, new Uri(address), key, TimeProvider.System));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no PEM")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public void Create_RootsThatAreNone_SaysSo(string pem) =>
        Assert.Equal(AcmeErrors.RootsInvalidCode, AcmeHttp.Create(pem).Error?.Code);

    [Fact]
    public void AcmeNonces_AreTakenOnce_TheNewestFirst_AndBounded()
    {
        var nonces = new AcmeNonces();
        for (var i = 0; i < AcmeNonces.CountMax + 5; i++) nonces.Add($"n{i}");
        nonces.Add(null);
        var taken = new List<string>();
        while (nonces.Take() is { } nonce) taken.Add(nonce);
        Assert.Equal(Enumerable.Range(5, AcmeNonces.CountMax).Reverse().Select(i => $"n{i}"), taken);
        nonces.Add("x");
        nonces.Clear();
        Assert.Null(nonces.Take());
    }

    private sealed class SilentServer : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}

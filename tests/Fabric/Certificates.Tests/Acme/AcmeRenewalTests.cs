using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Certificates.Acme;
using Strata.Core;

namespace Strata.Certificates.Tests.Acme;

/// <summary>When to renew, as the server advises (RFC 9773).</summary>
public sealed class AcmeRenewalTests : IDisposable
{
    /// <summary>The id of the example certificate in RFC 9773 section 4.1.</summary>
    private const string Id = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";

    private const string Window = """{"suggestedWindow":{"start":"2026-12-01T00:00:00Z","end":"2026-12-03T00:00:00Z"}}""";

    private readonly StubServer server = new(new HurryingTime());

    public AcmeRenewalTests() => server.Members["/dir"] = new() { ["renewalInfo"] = "https://ca.test/renewal-info" };

    [Fact]
    public async Task RenewalAsync_ExampleOfTheSpecification_IsAskedForByItsId()
    {
        Answer(HttpStatusCode.OK, Window.Replace("}}", """},"explanationURL":"https://ca.test/incident"}"""), ("Retry-After", "21600"));
        var renewal = (await AskAsync()).Value;
        Assert.Equal(new AcmeRenewal(new(2026, 12, 1, 0, 0, 0, TimeSpan.Zero), new(2026, 12, 3, 0, 0, 0, TimeSpan.Zero),
            new Uri("https://ca.test/incident"), TimeSpan.FromHours(6)), renewal);
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("99999999", 24 * 60)]
    [InlineData(null, 6 * 60)]
    public async Task RenewalAsync_RetryAfter_IsKeptWithinBounds(string? retryAfter, int minutes)
    {
        Answer(HttpStatusCode.OK, Window, retryAfter is null ? [] : [("Retry-After", retryAfter)]);
        Assert.Equal(TimeSpan.FromMinutes(minutes), (await AskAsync()).Value!.AskAgainAfter);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"suggestedWindow":{"start":"2026-12-01T00:00:00Z"}}""")]
    [InlineData("""{"suggestedWindow":{"start":"tomorrow","end":"2026-12-03T00:00:00Z"}}""")]
    [InlineData("""{"suggestedWindow":{"start":"2026-12-03T00:00:00Z","end":"2026-12-03T00:00:00Z"}}""")]
    public async Task RenewalAsync_NoWindow_IsAnInvalidAnswer(string body)
    {
        Answer(HttpStatusCode.OK, body);
        Assert.Equal(AcmeErrors.InvalidAnswerCode, (await AskAsync()).Error?.Code);
    }

    [Fact]
    public async Task RenewalAsync_CertificateThatTheServerDoesNotKnow_IsRefused()
    {
        Answer(HttpStatusCode.NotFound, "");
        Assert.Equal(AcmeErrors.RefusedCode, (await AskAsync()).Error?.Code);
    }

    [Fact]
    public async Task RenewalAsync_CertificateThatDoesNotNameItsIssuersKey_IsNull()
    {
        using var leaf = Leaf(withIssuer: false);
        Assert.Null((await server.Client.RenewalAsync(leaf, CancellationToken.None)).Value);
    }

    public void Dispose() => server.Dispose();

    private void Answer(HttpStatusCode status, string body, params (string Name, string Value)[] headers) =>
        server.Instead[$"/renewal-info/{Id}"] = _ => server.Text(status, body, headers);

    private async Task<Result<AcmeRenewal?>> AskAsync()
    {
        using var leaf = Leaf(withIssuer: true);
        return await server.Client.RenewalAsync(leaf, CancellationToken.None);
    }

    private static X509Certificate2 Leaf(bool withIssuer)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=example", key, HashAlgorithmName.SHA256);
        if (withIssuer)
        {
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(
                new X509SubjectKeyIdentifierExtension(Convert.FromHexString("69885B6B87464041E1B37B847BA0AE2CDE01C8D4"), false)));
        }
        var now = new DateTimeOffset(2026, 11, 20, 14, 0, 0, TimeSpan.Zero);
        return request.Create(request.SubjectName, X509SignatureGenerator.CreateForECDsa(key), now, now.AddDays(90),
            Convert.FromHexString("87654321"));
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Certificates.Acme;

namespace Strata.Certificates.Tests.Acme;

/// <summary>
/// Servers that break the protocol, by mistake or by intent: each ends the order with an error, and nothing stays presented.
/// </summary>
public sealed class HostileAnswerTests : IDisposable
{
    private const string Https = "https://ca.test/x";

    private readonly HurryingTime time = new();
    private readonly StubServer server;

    public HostileAnswerTests() => server = new StubServer(time);

    /// <summary>Path, member, and what the member holds instead; null: it is missing.</summary>
    public static readonly TheoryData<string, string, object?, string> WrongMembers = new()
    {
        { "/dir", "newNonce", null, "directory" },
        { "/dir", "newOrder", 5, "directory" },
        { "/dir", "newAccount", "http://ca.test/account", "https" },
        { "/dir", "newOrder", "https://user:secret@ca.test/order", "https" },
        { "/dir", "newOrder", "file:///etc/passwd", "https" },
        { "/order", "status", null, "status" },
        { "/order", "finalize", "/finalize", "finalize" },
        { "/order", "authorizations", null, "authorizations" },
        { "/order", "authorizations", Array.Empty<string>(), "authorizations" },
        { "/order", "authorizations", new[] { "http://ca.test/authz" }, "authorizations" },
        { "/order", "authorizations", new object[] { Https, 7 }, "authorizations" },
        { "/order", "authorizations", Enumerable.Repeat(Https, AcmeOrderModel.AuthorizationsMax + 1).ToArray(), "authorizations" },
        { "/order/1", "finalize", 1, "finalize" },
        { "/order/1", "status", "valid", "before it was finalized" },
        { "/authz", "status", 3, "status" },
        { "/authz", "identifier", "shop.example.com", "identifier" },
        { "/authz", "identifier", new { type = "dns", value = "bank.example.com" }, "not ordered" },
        { "/authz", "wildcard", true, "not ordered" },
        { "/authz", "challenges", new[] { Challenge("../../etc/passwd") }, "token" },
        { "/authz", "challenges", new[] { Challenge("") }, "token" },
        { "/authz", "challenges", new[] { Challenge(null) }, "token" },
        { "/authz", "challenges", new[] { Challenge(new string('a', 300)) }, "token" },
    };

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(WrongMembers))]
    public async Task OrderAsync_WrongMember_IsAnInvalidAnswer(string path, string member, object? value, string named)
    {
        server.Members[path] = new() { [member] = value };
        await AssertInvalidAsync(named);
    }

    [Theory]
    [InlineData("/dir", "not json", "not JSON")]
    [InlineData("/dir", "[]", "not a JSON object")]
    [InlineData("/dir", """{"newNonce":"https://ca.test/a","newNonce":"https://ca.test/b"}""", "not JSON")]
    [InlineData("/order", """{"status":"\ud800"}""", "not JSON")]
    [InlineData("/order", "", "not JSON")]
    [InlineData("/authz", "<html>", "not JSON")]
    [InlineData("/account", "null", "not a JSON object")]
    [InlineData("/certificate", "no certificate", "not of 1 to 10 certificates")]
    [InlineData("/certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read")]
    public async Task OrderAsync_WrongBody_IsAnInvalidAnswer(string path, string body, string named)
    {
        server.Instead[path] = _ => server.Text(HttpStatusCode.OK, body, ("Location", Https));
        await AssertInvalidAsync(named);
    }

    [Fact]
    public async Task OrderAsync_DeepJson_IsAnInvalidAnswer()
    {
        server.Instead["/order"] = _ => server.Text(HttpStatusCode.Created, new string('[', 100_000), ("Location", Https));
        await AssertInvalidAsync("not JSON");
    }

    [Theory]
    [InlineData("/account", null)]
    [InlineData("/account", "http://ca.test/account/1")]
    [InlineData("/order", null)]
    [InlineData("/order", "ftp://ca.test/order/1")]
    public async Task OrderAsync_NoLocationToCall_IsAnInvalidAnswer(string path, string? location)
    {
        const string order = """{"status":"valid","authorizations":["https://ca.test/authz"],"finalize":"https://ca.test/x"}""";
        server.Instead[path] = _ => location is null ? server.Text(HttpStatusCode.Created, order)
            : server.Text(HttpStatusCode.Created, order, ("Location", location));
        await AssertInvalidAsync("https Location");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("not base64url!")]
    [InlineData("\"quoted\"")]
    public async Task OrderAsync_NoUsableNonce_IsAnInvalidAnswer(string? nonce)
    {
        server.Instead["/nonce"] = _ =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.OK);
            if (nonce is not null) response.Headers.TryAddWithoutValidation("Replay-Nonce", nonce);
            return response;
        };
        await AssertInvalidAsync("Replay-Nonce");
    }

    [Theory]
    [InlineData("/dir")]
    [InlineData("/order")]
    public async Task OrderAsync_Redirect_IsNotFollowed(string path)
    {
        server.Instead[path] = _ => server.Text(HttpStatusCode.Redirect, "", ("Location", "http://169.254.169.254/"));
        await AssertInvalidAsync("status 302");
        Assert.DoesNotContain("/", server.Asked);
    }

    [Theory]
    [InlineData("/dir", true)]
    [InlineData("/dir", false)]
    [InlineData("/certificate", true)]
    [InlineData("/certificate", false)]
    public async Task OrderAsync_EndlessBody_IsAnInvalidAnswer(string path, bool saysHowLong)
    {
        var body = new EndlessStream();
        server.Instead[path] = _ =>
        {
            var content = new StreamContent(body);
            if (saysHowLong) content.Headers.ContentLength = long.MaxValue;
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
        };
        await AssertInvalidAsync("longer than 1 MiB");
        Assert.InRange(body.BytesRead, 0, saysHowLong ? 0 : AcmeTransport.BodyBytesMax + (64 << 10));
    }

    [Fact]
    public async Task OrderAsync_CertificateForAnotherKey_IsNotAccepted()
    {
        server.Chain = _ => Pem(new PublicKey(server.AccountKey), [StubServer.Name]);
        await AssertInvalidAsync("for another key");
    }

    [Theory]
    [InlineData("bank.example.com")]
    [InlineData("*.example.com")]
    [InlineData("10.0.0.1")]
    public async Task OrderAsync_CertificateForAnotherName_IsNotAccepted(string name)
    {
        server.Chain = key => Pem(key, [name]);
        await AssertInvalidAsync("does not cover shop.example.com");
    }

    [Theory]
    [InlineData(1, 90, "not valid before")]
    [InlineData(-90, -1, "invalid since")]
    [InlineData(-90, 0, "invalid since")]
    public async Task OrderAsync_CertificateOfAnotherTime_IsNotAccepted(double from, double until, string fault)
    {
        server.Chain = key => Pem(key, [StubServer.Name], from, until);
        await AssertInvalidAsync(fault);
    }

    [Fact]
    public async Task OrderAsync_ClockOfTheAuthorityIsAhead_IsAccepted()
    {
        server.Chain = key => Pem(key, [StubServer.Name], from: 1.0 / (24 * 60));
        Assert.True((await server.OrderAsync()).IsOk);
    }

    [Fact]
    public async Task OrderAsync_LongChain_IsNotAccepted()
    {
        server.Chain = key => string.Concat(Enumerable.Repeat(Pem(key, [StubServer.Name]), 11));
        await AssertInvalidAsync("not of 1 to 10 certificates");
    }

    [Fact]
    public async Task OrderAsync_OtherThingsInTheChain_AreLeftOut()
    {
        var secret = server.AccountKey.ExportPkcs8PrivateKeyPem();
        server.Chain = key => $"<script>\n{secret}\n{Pem(key, [StubServer.Name])}\n{server.Authority.RootPem}";
        var ordered = await server.OrderAsync();
        Assert.True(ordered.IsOk, ordered.Error?.ToString());
        Assert.Equal(2, ordered.Value.ChainPem.Split("-----BEGIN ").Length - 1);
        Assert.StartsWith("-----BEGIN CERTIFICATE-----", ordered.Value.ChainPem, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", ordered.Value.ChainPem, StringComparison.Ordinal);
    }

    public void Dispose() => server.Dispose();

    private async Task AssertInvalidAsync(string named)
    {
        var error = (await server.OrderAsync()).Error;
        Assert.Equal(AcmeErrors.InvalidAnswerCode, error?.Code);
        Assert.Contains(named, error!.Message, StringComparison.Ordinal);
        Assert.Contains("ca.test", error.Message, StringComparison.Ordinal);
        Assert.Equal(server.Presented, server.Withdrawn);
    }

    private string Pem(PublicKey key, string[] names, double from = -1, double until = 90)
    {
        using var certificate = server.Authority.Issue(key, names, from, until);
        return certificate.ExportCertificatePem() + "\n";
    }

    private static object Challenge(string? token) =>
        new { type = "http-01", url = "https://ca.test/challenge", token, status = "pending" };

    private sealed class EndlessStream : Stream
    {
        public long BytesRead { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => BytesRead; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Fill((byte)' ');
            BytesRead += count;
            return count;
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>Applications over HTTPS, as their users reach them.</summary>
public sealed class HttpsTests : IAsyncLifetime
{
    private readonly Cloud cloud = new();

    public async ValueTask InitializeAsync() => (await cloud.UpAsync()).ShouldSucceed();

    public ValueTask DisposeAsync() => cloud.DisposeAsync();

    [Fact]
    public async Task LocalName_IsServedByTheCloudsOwnAuthority_AlsoWithoutTheServer()
    {
        var root = (await cloud.RunAsync("ca", "show")).ShouldSucceed().Output;
        Assert.Contains("Strata", await GetAsync("welcome.localhost", root));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync("welcome.localhost", OtherRoot()));
        var listed = (await cloud.RunAsync("certs")).ShouldSucceed().Output;
        Assert.Matches(@"welcome-localhost-\w{8} +READY +welcome\.localhost +internal", listed);
        Assert.DoesNotContain("PRIVATE", (await cloud.RunAsync("get", "certificates", "-o", "json")).ShouldSucceed().Output);
        Assert.DoesNotContain("privateKey", (await cloud.RunAsync("get", "issuers", "-o", "json")).ShouldSucceed().Output);

        var before = await OfAsync("welcome.localhost");
        Assert.Contains("is ready", (await cloud.RunAsync("certs", "renew", before.Name)).ShouldSucceed().Error);
        Assert.NotEqual(before.Status.Fingerprint, (await OfAsync("welcome.localhost")).Status.Fingerprint);

        (await cloud.RunAsync("down")).ShouldSucceed();
        (await cloud.UpAsync()).ShouldSucceed();
        Assert.Equal(root, (await cloud.RunAsync("ca", "show")).ShouldSucceed().Output);
        Assert.Contains("Strata", await GetAsync("welcome.localhost", root));
    }

    [Fact]
    public async Task PublicName_GetsItsCertificateByAcme_AndKeepsIt()
    {
        await using var pebble = await PebbleServer.StartAsync(httpPort: cloud.HttpPort);
        var roots = Path.Combine(cloud.Home, "pebble.pem");
        await File.WriteAllTextAsync(roots, pebble.RootPem, TestContext.Current.CancellationToken);
        var added = await cloud.RunAsync("domains", "add", "early.example.com", "--to", "welcome");
        Assert.Contains("strata ca trust", added.ShouldSucceed().Error);
        var issuer = await cloud.RunAsync(
            "issuers", "add", "pebble", "--directory", $"{pebble.DirectoryAddress}", "--roots", roots, "--email", "admin@example.com",
            "--agree-to-terms", "--trusted", "true");
        Assert.Contains("pebble is ready", issuer.ShouldSucceed().Error);
        added = await cloud.RunAsync("domains", "add", "shop.example.com", "--to", "welcome", "--hsts", "600");
        Assert.Contains("Its certificate is ready.", added.ShouldSucceed().Error);
        var root = await RootOfAsync(pebble);
        Assert.Contains("Strata", await GetAsync("shop.example.com", root));
        // One that the cloud's own authority had signed is replaced.
        await Wait.UntilAsync(async () => (await OfAsync("early.example.com")).Status.Issuer == "pebble", "the issuer has taken over");
        Assert.Contains("Strata", await GetAsync("early.example.com", root));

        using var plain = ClientOf(cloud.HttpPort, "http://shop.example.com/", null);
        using var answer = await plain.GetAsync("/?a=b", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.PermanentRedirect, answer.StatusCode);
        Assert.Equal($"https://shop.example.com:{cloud.HttpsPort}/?a=b", answer.Headers.Location!.OriginalString);
        Assert.Matches(@"shop\.example\.com +/ +welcome +all +pebble", (await cloud.RunAsync("domains")).ShouldSucceed().Output);

        var first = await OfAsync("shop.example.com");
        // The host goes, and comes back: it costs no further certificate.
        (await cloud.RunAsync("domains", "remove", "shop.example.com", "-y")).ShouldSucceed();
        (await cloud.RunAsync("domains", "add", "shop.example.com", "--to", "welcome")).ShouldSucceed();
        Assert.Equal(first.Status.Fingerprint, (await OfAsync("shop.example.com")).Status.Fingerprint);

        // A wish so soon after it was issued is kept, and held back.
        Assert.Contains("is issued again at", (await cloud.RunAsync("certs", "renew", "shop.example.com")).ShouldSucceed().Error);
        Assert.Equal(first.Status.Fingerprint, (await OfAsync("shop.example.com")).Status.Fingerprint);
        // What the issuer has signed is served on without it.
        (await cloud.RunAsync("issuers", "remove", "pebble", "-y")).ShouldSucceed();
        (await cloud.RunAsync("domains", "add", "late.example.com", "--to", "welcome")).ShouldSucceed();
        Assert.Equal("internal", (await OfAsync("late.example.com")).Status.Issuer);
        Assert.Equal(first.Status.Fingerprint, (await OfAsync("shop.example.com")).Status.Fingerprint);
        Assert.Contains("Strata", await GetAsync("shop.example.com", root));
    }

    [Fact]
    public async Task PublicName_WhoseProofFails_SaysWhy_AndIsTriedAgain()
    {
        await using var pebble = await PebbleServer.StartAsync(); // which looks for answers where nothing listens
        var roots = Path.Combine(cloud.Home, "pebble.pem");
        await File.WriteAllTextAsync(roots, pebble.RootPem, TestContext.Current.CancellationToken);
        (await cloud.RunAsync(
            "issuers", "add", "pebble", "--directory", $"{pebble.DirectoryAddress}", "--roots", roots, "--agree-to-terms")).ShouldSucceed();
        var added = await cloud.RunAsync("domains", "add", "shop.example.com", "--to", "welcome");
        Assert.Equal(1, added.ExitCode);
        Assert.Contains("There is no new certificate: pebble: ", added.Error);
        var failed = await OfAsync("shop.example.com");
        Assert.Equal(CertificateStates.Failed, failed.State);
        Assert.NotNull(failed.Status.RetryAt);
        using var plain = ClientOf(cloud.HttpPort, "http://shop.example.com/", null);
        Assert.Contains("Strata", await plain.GetStringAsync("/", TestContext.Current.CancellationToken)); // served as before
        Assert.Contains("could not be issued", (await cloud.RunAsync("status")).Output);
    }

    /// <summary>Where port 80 cannot be reached: by a program of the operator's.</summary>
    [Fact]
    public async Task PublicName_IsProvenByDns()
    {
        await using var pebble = await PebbleServer.StartAsync(); // which finds nothing by HTTP
        var (roots, hook) = (Path.Combine(cloud.Home, "pebble.pem"), Path.Combine(cloud.Home, "dns-hook"));
        await File.WriteAllTextAsync(roots, pebble.RootPem, TestContext.Current.CancellationToken);
        string[] add =
        [
            "issuers", "add", "pebble", "--directory", $"{pebble.DirectoryAddress}", "--roots", roots, "--agree-to-terms",
            "--challenge", "dns-01",
        ];
        (await cloud.RunAsync(add)).ShouldSucceed();
        var without = await cloud.RunAsync("domains", "add", "shop.example.com", "--to", "welcome");
        Assert.Contains("--dns-hook", without.Error);

        await File.WriteAllTextAsync(hook, $$"""
            #!/bin/sh
            echo "$1 $2" >> "$0.log"
            if [ "$1" = present ]; then call=set-txt value=",\"value\":\"$3\""; else call=clear-txt value=; fi
            exec curl -sf -d "{\"host\":\"$2\"$value}" {{pebble.DnsControlAddress}}$call
            """, TestContext.Current.CancellationToken);
        File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        (await cloud.RunAsync("down")).ShouldSucceed();
        (await cloud.UpAsync("--dns-hook", hook)).ShouldSucceed();
        var added = await cloud.RunAsync("domains", "add", "other.example.com", "--to", "welcome");
        Assert.Contains("Its certificate is ready", added.ShouldSucceed().Error);
        Assert.Contains("Strata", await GetAsync("other.example.com", await RootOfAsync(pebble)));
        var calls = await File.ReadAllLinesAsync(hook + ".log", TestContext.Current.CancellationToken);
        Assert.Equal(["present _acme-challenge.other.example.com.", "cleanup _acme-challenge.other.example.com."],
            calls.Where(c => c.Contains("other", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task OwnCertificate_IsServedAtOnce_AndRefusedWhereItIsNotOne()
    {
        for (var i = 0; i < 2; i++) (await cloud.RunAsync("domains", "add", "own.example.com", "--to", "welcome")).ShouldSucceed();
        using var authority = new TestAuthority(TimeProvider.System.GetUtcNow());
        var (chain, key) = authority.WriteServer(cloud.Home, "own.example.com");
        var other = Path.Combine(cloud.Home, "other.pem");
        using (var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            await File.WriteAllTextAsync(other, stranger.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        var wrong = await cloud.RunAsync("certs", "add", "own", "--cert", chain, "--key", other);
        Assert.Contains("CERTIFICATE_INVALID", wrong.Error);
        Assert.DoesNotMatch(@"(?m)^own ", (await cloud.RunAsync("certs")).ShouldSucceed().Output);
        (await cloud.RunAsync("certs", "add", "own", "--cert", chain, "--key", key)).ShouldSucceed();
        await Wait.UntilAsync(async () =>
        {
            try
            {
                return (await GetAsync("own.example.com", authority.RootPem)).Contains("Strata", StringComparison.Ordinal);
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, "the own certificate is served");
        var managed = await OfAsync("own.example.com");
        var refused = await cloud.RunAsync("certs", "add", managed.Name, "--cert", chain, "--key", key);
        Assert.Contains("CERTIFICATE_IS_THE_CLOUDS", refused.Error);
        // The cloud's comes back when it goes.
        (await cloud.RunAsync("certs", "remove", "own", "-y")).ShouldSucceed();
        var root = (await cloud.RunAsync("ca", "show")).ShouldSucceed().Output;
        Assert.Contains("Strata", await GetAsync("own.example.com", root));
    }

    /// <summary>Keys are the edges' alone, and what the cloud signs is decided by claims alone.</summary>
    [Fact]
    public async Task Tenants_GetNoKeys_AndOrderNothing()
    {
        (await cloud.RunAsync("orgs", "create", "acme")).ShouldSucceed();
        var admin = (await cloud.RunAsync("token", "create", "boss", "--role", "admin", "--org", "acme")).ShouldSucceed().Output.Trim();
        using var acme = new StrataClient(cloud.ApiUrl, admin);
        var refused = await Assert.ThrowsAsync<StrataException>(() => acme.Resources<CertificateSpec, CertificateStatus>(
            Plurals.Certificates).CreateAsync(new NewResource<CertificateSpec>
        {
            Name = "wide", Project = "default", Spec = new CertificateSpec { Hosts = ["bank.example.com"] },
        }));
        Assert.Contains(refused.Error.Faults!, f => f.Field == "spec.own");
        var own = await acme.Resources<CertificateSpec, CertificateStatus>(Plurals.Certificates).CreateAsync(
            new NewResource<CertificateSpec> { Name = "mine", Project = "default", Spec = new CertificateSpec { Own = true } });
        var key = await Assert.ThrowsAsync<StrataException>(() => acme.SendAsync(HttpMethod.Post, $"/api/v1/certificates/{own.Id}/key"));
        Assert.Equal(ErrorKind.Forbidden, key.Error.Kind);
        var welcome = await OfAsync("welcome.localhost");
        foreach (var call in new[] { "key", "install" })
            Assert.Contains((await Assert.ThrowsAsync<StrataException>(
                () => acme.SendAsync(HttpMethod.Post, $"/api/v1/certificates/{welcome.Id}/{call}"))).Error.Kind,
                new[] { ErrorKind.Forbidden, ErrorKind.NotFound });
        // Nor does the operator, whose token could be an application's.
        var operators = await Assert.ThrowsAsync<StrataException>(
            () => cloud.Client.SendAsync(HttpMethod.Post, $"/api/v1/certificates/{welcome.Id}/key"));
        Assert.Equal(ErrorKind.Forbidden, operators.Error.Kind);
        var needed = await cloud.RunAsync("issuers", "remove", "internal", "-y");
        Assert.Contains("ISSUER_NEEDED", needed.Error);
    }

    /// <summary>The whole command line works over it: uploads, watches, WebSockets.</summary>
    [Fact]
    public async Task Api_IsReachedAtAHostOfTheEdge_OverHttps()
    {
        (await cloud.RunAsync("domains", "add", "cloud.localhost", "--api")).ShouldSucceed();
        var root = Path.Combine(cloud.Home, "ca.pem");
        var pem = (await cloud.RunAsync("ca", "show")).ShouldSucceed().Output;
        await File.WriteAllTextAsync(root, pem, TestContext.Current.CancellationToken);
        var over = new Dictionary<string, string>
        {
            ["SSL_CERT_FILE"] = root, ["STRATA_URL"] = $"https://cloud.localhost:{cloud.HttpsPort}", ["STRATA_TOKEN"] = cloud.Token,
        };
        Assert.Contains("Strata", await GetAsync("cloud.localhost", pem, "/docs"));
        (await cloud.RunAsync(over, "deploy", Path.Combine(Cloud.Samples, "welcome"), "--name", "over")).ShouldSucceed();
        Assert.Contains("(API)", (await cloud.RunAsync(over, "domains")).ShouldSucceed().Output);

        // Others than operators would take the callers' tokens so.
        var token = (await cloud.RunAsync("token", "create", "dev", "--role", "developer")).ShouldSucceed().Output.Trim();
        var refused = await cloud.RunAsync(
            new Dictionary<string, string> { ["STRATA_URL"] = $"{cloud.ApiUrl}", ["STRATA_TOKEN"] = token },
            "domains", "add", "other.example.com", "--api", "--detach");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("Only an operator", refused.Error);
        using var developer = new StrataClient(cloud.ApiUrl, token);
        var routes = developer.Resources<RouteSpec, RouteStatus>(Plurals.Routes);
        var found = 0;
        await foreach (var route in routes.ListAsync())
        {
            if (!route.Spec.Api) continue;
            found++;
            await Assert.ThrowsAsync<StrataException>(() => routes.DeleteAsync(route.Id, force: true));
            await Assert.ThrowsAsync<StrataException>(
                () => routes.ChangeAsync(route, route with { Spec = route.Spec with { Api = false, Deployment = "welcome" } }));
        }
        Assert.Equal(1, found);
    }

    [Fact]
    public async Task Api_IsServedWithNoCertificate_ThatOthersThanOperatorsBring()
    {
        (await cloud.RunAsync("domains", "add", "cloud.localhost", "--api")).ShouldSucceed();
        var token = (await cloud.RunAsync("token", "create", "dev", "--role", "developer")).ShouldSucceed().Output.Trim();
        var developer = new Dictionary<string, string> { ["STRATA_URL"] = $"{cloud.ApiUrl}", ["STRATA_TOKEN"] = token };
        using var authority = new TestAuthority(TimeProvider.System.GetUtcNow());
        var (chain, key) = authority.WriteServer(cloud.Home, "cloud.localhost");
        string[] pair = ["--cert", chain, "--key", key];
        Assert.Contains("Only an operator", (await cloud.RunAsync(developer, ["certs", "add", "ours", "--api", .. pair])).Error);
        (await cloud.RunAsync(developer, ["certs", "add", "theirs", .. pair])).ShouldSucceed();
        Assert.Matches(@"\(API\) +all +internal", (await cloud.RunAsync("domains")).ShouldSucceed().Output);
        (await cloud.RunAsync(["certs", "add", "ours", "--api", .. pair])).ShouldSucceed();
        Assert.Matches(@"\(API\) +all +own", (await cloud.RunAsync("domains")).ShouldSucceed().Output);
        await Wait.UntilAsync(async () =>
        {
            try
            {
                return (await GetAsync("cloud.localhost", authority.RootPem, "/docs")).Length > 0;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }, "the operator's is served");
        Assert.Contains("belongs to the cloud itself", (await cloud.RunAsync(developer, ["certs", "add", "ours", .. pair])).Error);
        Assert.Equal(1, (await cloud.RunAsync(developer, "certs", "remove", "ours", "-y")).ExitCode);
    }

    [Fact]
    public async Task Certificates_EndWithTheirHosts_AndKeepNoProject()
    {
        (await cloud.RunAsync("projects", "create", "brief")).ShouldSucceed();
        (await cloud.RunAsync("deploy", Path.Combine(Cloud.Samples, "welcome"), "--name", "page", "-p", "brief")).ShouldSucceed();
        var deployed = await OfAsync("page.localhost");
        Assert.Contains("CERTIFICATE_IS_THE_CLOUDS", (await cloud.RunAsync("certs", "remove", deployed.Name, "-y")).Error);
        (await cloud.RunAsync("delete", "page", "-y")).ShouldSucceed();
        await Wait.UntilAsync(async () => (await cloud.RunAsync("delete", "project/brief", "-y")).ExitCode == 0, "the project is gone");
        await Wait.UntilAsync(async () => await TryOfAsync("page.localhost") is null, "so is its certificate");
    }

    private async Task<Resource<CertificateSpec, CertificateStatus>> OfAsync(string host) =>
        await TryOfAsync(host) ?? throw new InvalidOperationException($"There is no certificate for {host}.");

    /// <summary>The cloud's own certificate of a host.</summary>
    private async Task<Resource<CertificateSpec, CertificateStatus>?> TryOfAsync(string host)
    {
        await foreach (var certificate in cloud.Client.Resources<CertificateSpec, CertificateStatus>(Plurals.Certificates).ListAsync())
            if (!certificate.Spec.Own && certificate.Spec.Hosts.Contains(host)) return certificate;
        return null;
    }

    private async Task<string> GetAsync(string host, string root, string path = "/")
    {
        using var client = ClientOf(cloud.HttpsPort, $"https://{host}/", root);
        return await client.GetStringAsync(path, TestContext.Current.CancellationToken);
    }

    /// <summary>Every request goes to this port, whatever its host.</summary>
    private static HttpClient ClientOf(int port, string address, string? root)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck,
        };
        if (root is not null) policy.CustomTrustStore.ImportFromPem(root);
        return new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, ct) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(IPAddress.Loopback, port, ct);
                return new NetworkStream(socket, ownsSocket: true);
            },
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = root is null ? null : policy },
            AllowAutoRedirect = false,
        }) { BaseAddress = new Uri(address), Timeout = TimeSpan.FromSeconds(30) };
    }

    private static async Task<string> RootOfAsync(PebbleServer pebble)
    {
        using var client = ClientOf(pebble.ManagementPort, "https://localhost/", pebble.RootPem);
        return await client.GetStringAsync("/roots/0", TestContext.Current.CancellationToken);
    }

    private static string OtherRoot()
    {
        using var authority = new TestAuthority(TimeProvider.System.GetUtcNow());
        return authority.RootPem;
    }
}

using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Cli.Data;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Tests.Commands;

/// <summary>Clients with a key of their own, the keys of the cloud, and the pace of a sign-in by the browser.</summary>
public sealed class KeyCommandsTests : IDisposable
{
    private const string Client = """
        {"client_id":"01m8nvx4x8e7fv1sxvprjcq1r901m8nvx4zyf5armq3xjgnpmt26","client_secret":"s3cret","roles":[]}
        """;

    private const string Resource = """
        {"id":"cli_01m8nvx4zyf5armq3xjgnpmt26","kind":"client","name":"client-1","org":"o","project":null,"state":"ACTIVE","revision":7,
         "createdAt":"2026-01-01T00:00:00.1Z","updatedAt":"2026-01-01T00:00:00.12Z","updatedBy":"a","labels":{},"spec":{},"status":{},
         "deleted":false}
        """;

    /// <summary>As "openssl genpkey -algorithm ed25519" and "openssl pkey -pubout" write it.</summary>
    private const string Ed25519 = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
        -----END PUBLIC KEY-----
        """;

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task ClientCreate_WithAPublicKey_RegistersIt_AndShowsNoSecret()
    {
        using var rsa = RSA.Create(2048);
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var api = await FakeApi.StartAsync();
        api.Respond = (http, _) => Task.FromResult(http.Request.Method == "PATCH" ? Resource : Client);
        var said = await RunAsync(
            api, 0, "client", "create", "--public-key", File("rsa.pub", rsa.ExportSubjectPublicKeyInfoPem()), "--public-key",
            File("ec.pub", ec.ExportSubjectPublicKeyInfoPem()), "--public-key", File("ed.pub", Ed25519), "--public-key",
            File("set.json", """{"keys":[{"kty":"OKP","crv":"Ed25519","x":"GQ","kid":"k1"}]}"""), "--signing-algorithm", "ES256");
        Assert.DoesNotContain("s3cret", said, StringComparison.Ordinal);
        Assert.Contains("/api", said, StringComparison.Ordinal);
        Assert.Equal("POST /api/clients", api.Asked[0]);
        var sent = JsonElement.Parse(api.Asked[1][api.Asked[1].IndexOf('{', StringComparison.Ordinal)..]).GetProperty("spec");
        var types = sent.GetProperty("publicKeys").EnumerateArray().Select(k => k.GetProperty("kty").GetString());
        Assert.Equal(["RSA", "EC", "OKP", "OKP"], types);
        Assert.Equal(("ES256", false), (sent.GetProperty("signingAlgorithm").GetString(), sent.TryGetProperty("roles", out _)));
    }

    [Fact]
    public async Task PublicKey_ThatIsNone_MakesNoClient()
    {
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        await using var api = await FakeApi.StartAsync();
        foreach (var (name, text) in new[]
        {
            ("private.pem", ec.ExportPkcs8PrivateKeyPem()), ("p384.pub", other.ExportSubjectPublicKeyInfoPem()), ("text.pub", "key"),
            ("bad.json", "{"), ("large.pub", new string('x', 100_000)),
        })
        {
            var refused = await RunAsync(api, 1, "client", "create", "--public-key", File(name, text));
            Assert.Contains("openssl pkey", refused, StringComparison.Ordinal);
            Assert.DoesNotContain("MIG", refused, StringComparison.Ordinal);
        }
        Assert.Contains("cannot be read", await RunAsync(api, 1, "client", "create", "--public-key", "none.pub"), StringComparison.Ordinal);
        Assert.Empty(api.Asked);
    }

    [Fact]
    public async Task KeysRotate_EndsEachKeyThatThereIs_AfterItsLead()
    {
        await using var api = await FakeApi.StartAsync();
        api.Respond = (http, _) => Task.FromResult(http.Request.Method == "GET" ? """
            {"items":[
              {"state":"ACTIVE","spec":{"audience":"human","algorithm":"ES256"},"status":{"keyId":"k2"}},
              {"state":"ACTIVE","spec":{"audience":"client","algorithm":"RS256"},"status":{"keyId":"k1","validTo":"2026-01-31T12:00:00Z"}},
              {"state":"INVALIDATED","spec":{"audience":"human","algorithm":"EdDSA"},"status":{"keyId":"k0"}}]}
            """ : """{"keyId":"k3","active":false}""");
        Assert.Contains("k0", await RunAsync(api, 0, "keys"), StringComparison.Ordinal);
        await RunAsync(api, 0, "keys", "rotate", "--grace", "2h");
        var sent = BodiesOf(api);
        Assert.Equal([("client", "RS256", 7200, true), ("human", "ES256", 7200, true)], sent);
        api.Asked.Clear();
        string[] leaked = ["keys", "rotate", "--audience", "human", "--algorithm", "EdDSA", "--lead", "0", "--grace", "0"];
        Assert.Contains("refused at once", await RunAsync(api, 2, leaked), StringComparison.Ordinal);
        Assert.Empty(BodiesOf(api));
        Assert.Contains("is refused now", await RunAsync(api, 0, [.. leaked, "-y"]), StringComparison.Ordinal);
        Assert.Equal([("human", "EdDSA", 0, false)], BodiesOf(api));
        Assert.Contains("give --audience and --algorithm", await RunAsync(api, 1, "keys", "rotate", "--algorithm", "EdDSA"),
            StringComparison.Ordinal);
        await RunAsync(api, 2, "keys", "rotate", "--grace", "soon");
    }

    [Fact]
    public async Task Login_AsksAtThePaceOfTheServer_AndSlowsDownWhenItSaysSo()
    {
        var time = new FakeTime();
        var answers = new Queue<string>(["authorization_pending", "slow_down", "authorization_pending", "access_denied"]);
        List<DateTimeOffset> polled = [];
        await using var api = await FakeApi.StartAsync();
        api.Respond = (http, _) =>
        {
            if (http.Request.Path == "/api/oauth/device")
                return Task.FromResult("""
                    {"device_code":"d","user_code":"BCDF-GHJK","verification_uri_complete":"https://strata.test/device","interval":3}
                    """);
            if (http.Request.Path != "/api/oauth/token") return Task.FromResult("{}");
            polled.Add(time.GetUtcNow());
            http.Response.StatusCode = 400;
            return Task.FromResult($$"""{"error":"{{answers.Dequeue()}}"}""");
        };
        var terminal = new Terminal
        {
            Out = new StringWriter(), Error = new StringWriter(), Time = time, InIsTerminal = true, ErrorIsTerminal = true,
        };
        var running = RunAsync(1, terminal, "login", api.Address.ToString());
        await Wait.UntilAsync(() =>
        {
            if (time.Waiting > 0) time.Advance(TimeSpan.FromSeconds(1));
            return running.IsCompleted;
        }, "the sign-in is refused");
        await running;
        var gaps = polled.Zip(polled.Skip(1), (a, b) => (b - a).TotalSeconds).ToList();
        Assert.True(gaps.Count == 3 && gaps[0] >= 3 && gaps[0] < 8 && gaps[1] >= 3 && gaps[2] >= 8, string.Join(' ', gaps));
    }

    private static List<(string?, string?, int, bool)> BodiesOf(FakeApi api) => [.. api.Asked
        .Where(a => a.StartsWith("POST", StringComparison.Ordinal))
        .Select(a => JsonElement.Parse(a[a.IndexOf('{', StringComparison.Ordinal)..]))
        .Select(b => (b.GetProperty("audience").GetString(), b.GetProperty("algorithm").GetString(),
            b.GetProperty("invalidateGracePeriodSec").GetInt32(), b.TryGetProperty("validFrom", out _)))];

    private string File(string name, string text)
    {
        var path = Path.Combine(home.Path, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    private async Task<string> RunAsync(FakeApi api, int expected, params string[] arguments)
    {
        home.Write("context.json", $$"""{"server":"{{api.Address}}","token":"x"}""");
        var text = new StringWriter();
        await RunAsync(expected, new Terminal { Out = text, Error = TextWriter.Synchronized(text) }, arguments);
        return text.ToString();
    }

    private async Task RunAsync(int expected, Terminal terminal, params string[] arguments)
    {
        var code = await StrataCommand.RunAsync(
            [.. arguments, "--home", home.Path], terminal, TestContext.Current.CancellationToken);
        Assert.True(code == expected, $"{code} {terminal.Out} {terminal.Error}");
    }
}

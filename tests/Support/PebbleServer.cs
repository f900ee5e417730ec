using System.Globalization;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Strata.TestSupport;

/// <summary>
/// Pebble, the ACME server that Let's Encrypt's people test clients with, and its DNS server, as Debian packages them, on loopback ports.
/// Every name leads to 127.0.0.1. Tests that use it are skipped where it is not installed.
/// </summary>
internal sealed class PebbleServer : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-pebble-").FullName;
    private readonly TestAuthority authority = new(TimeProvider.System.GetUtcNow());
    private readonly HttpClient control = new();
    private readonly int acmePort = FreePort.Next(), dnsPort = FreePort.Next(), dnsControlPort = FreePort.Next();

    private LocalProgram? server, dns;

    private PebbleServer(int? httpPort) => HttpPort = httpPort ?? FreePort.Next();

    /// <summary>Where it looks for answers to http-01.</summary>
    public int HttpPort { get; }

    public int TlsPort { get; } = FreePort.Next();

    public int ManagementPort { get; } = FreePort.Next();

    public Uri DirectoryAddress => new($"https://localhost:{acmePort}/dir");

    /// <summary>Of its DNS server: takes POST set-txt and clear-txt.</summary>
    public Uri DnsControlAddress => new($"http://127.0.0.1:{dnsControlPort}");

    /// <summary>What its own HTTPS is trusted by.</summary>
    public string RootPem => authority.RootPem;

    /// <summary>What it has written.</summary>
    public string Output => $"{dns?.Output}\n{server?.Output}\n";

    public static async Task<PebbleServer> StartAsync(PebbleOptions? options = null, int? httpPort = null)
    {
        Assert.SkipUnless(LocalProgram.IsInstalled("pebble") && LocalProgram.IsInstalled("pebble-challtestsrv"),
            "pebble is not installed: apt-get install pebble");
        var pebble = new PebbleServer(httpPort);
        try
        {
            await pebble.UpAsync(options ?? new PebbleOptions());
            return pebble;
        }
        catch
        {
            await pebble.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills it, so that it forgets everything.</summary>
    public async Task DownAsync()
    {
        if (server is not null) await server.DisposeAsync();
        server = null;
    }

    /// <summary>Adds a value to a TXT record.</summary>
    public Task SetTextAsync(string name, string value) => DnsAsync("set-txt", new { host = name + ".", value });

    public Task ClearTextAsync(string name) => DnsAsync("clear-txt", new { host = name + "." });

    public async ValueTask DisposeAsync()
    {
        await DownAsync();
        if (dns is not null) await dns.DisposeAsync();
        control.Dispose();
        authority.Dispose();
        Folder.Delete(folder);
    }

    public async Task UpAsync(PebbleOptions options)
    {
        var dnsAddress = $"127.0.0.1:{dnsPort}";
        dns ??= new LocalProgram("pebble-challtestsrv", ["-dns01", dnsAddress, "-management", $"127.0.0.1:{dnsControlPort}",
            "-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]);
        var config = Path.Combine(folder, "config.json");
        await File.WriteAllTextAsync(config, Config(options).ToJsonString());
        string[] arguments = ["-config", config, "-dnsserver", dnsAddress, .. options.IsStrict ? new[] { "-strict" } : []];
        server = new LocalProgram("pebble", arguments, [("PEBBLE_VA_NOSLEEP", options.SleepsAtMost is null ? "1" : "0"),
            ("PEBBLE_VA_SLEEPTIME", Text(options.SleepsAtMost ?? 0)), ("PEBBLE_WFE_NONCEREJECT", Text(options.NoncesRejected)),
            ("PEBBLE_AUTHZREUSE", Text(options.AuthorizationsReused)), ("PEBBLE_CHAIN_LENGTH", Text(options.ChainLength))]);
        foreach (var port in new[] { dnsPort, dnsControlPort, ManagementPort, acmePort })
            await Wait.UntilAsync(() => AnswersAsync(port), $"pebble listens on {port}: {Output}", 30);
    }

    private JsonObject Config(PebbleOptions options)
    {
        var (certificate, key) = authority.WriteServer(folder, options.ServerName);
        return new JsonObject
        {
            ["pebble"] = new JsonObject
            {
                ["listenAddress"] = $"127.0.0.1:{acmePort}", ["managementListenAddress"] = $"127.0.0.1:{ManagementPort}",
                ["certificate"] = certificate, ["privateKey"] = key, ["httpPort"] = HttpPort, ["tlsPort"] = TlsPort,
                ["ocspResponderURL"] = "", ["domainBlocklist"] = new JsonArray("blocked.example.com"),
                ["externalAccountBindingRequired"] = options.ExternalAccounts.Count > 0,
                ["externalAccountMACKeys"] = new JsonObject(
                    options.ExternalAccounts.Select(a => KeyValuePair.Create(a.Key, (JsonNode?)a.Value))),
            },
        };
    }

    private async Task DnsAsync(string command, object body)
    {
        using var answer = await control.PostAsJsonAsync($"http://127.0.0.1:{dnsControlPort}/{command}", body);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>How a <see cref="PebbleServer"/> behaves.</summary>
internal sealed record PebbleOptions
{
    /// <summary>Percent of good nonces that are rejected; pebble's own default.</summary>
    public int NoncesRejected { get; init; } = 5;

    /// <summary>Percent of proofs that count for later orders too; pebble's own default.</summary>
    public int AuthorizationsReused { get; init; } = 50;

    /// <summary>Seconds before each validation; null: it begins at once.</summary>
    public int? SleepsAtMost { get; init; }

    /// <summary>Intermediate certificates.</summary>
    public int ChainLength { get; init; } = 1;

    public bool IsStrict { get; init; }

    /// <summary>In the server's TLS certificate.</summary>
    public string ServerName { get; init; } = "localhost";

    /// <summary>Key ids and HMAC keys; where there are any, an account needs one.</summary>
    public IReadOnlyDictionary<string, string> ExternalAccounts { get; init; } = new Dictionary<string, string>();
}

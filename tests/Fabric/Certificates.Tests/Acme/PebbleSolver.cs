using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Strata.Certificates.Acme;
using Strata.Core;

namespace Strata.Certificates.Tests.Acme;

/// <summary>
/// Solves challenges of a <see cref="Pebble"/> for real: as a web server, as a TLS server, and by records of its DNS server. The ports for
/// http-01 and tls-alpn-01 are closed while nothing is presented there.
/// </summary>
internal sealed class PebbleSolver(Pebble pebble, params string[] types) : IAcmeSolver, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> files = [];
    private readonly ConcurrentDictionary<string, X509Certificate2> shown = [];
    private readonly ConcurrentQueue<X509Certificate2> made = [];
    private readonly CancellationTokenSource stop = new();
    private Task? web, tls;

    public ConcurrentQueue<AcmeChallenge> Presented { get; } = [];

    public ConcurrentQueue<AcmeChallenge> Withdrawn { get; } = [];

    /// <summary>Called before each presentation.</summary>
    public Func<AcmeChallenge, Task> Before { get; init; } = _ => Task.CompletedTask;

    /// <summary>What is presented of a challenge, instead of the proof.</summary>
    public Func<AcmeChallenge, AcmeChallenge> Instead { get; init; } = c => c;

    public IReadOnlyList<string> TypesFor(string name) => types;

    public async Task<Result<Done>> PresentAsync(AcmeChallenge challenge, CancellationToken cancellationToken)
    {
        Presented.Enqueue(challenge);
        await Before(challenge);
        cancellationToken.ThrowIfCancellationRequested();
        var proof = Instead(challenge);
        switch (challenge.Type)
        {
            case AcmeChallenge.Http:
                files[challenge.Token] = proof.KeyAuthorization;
                web ??= ServeAsync(pebble.HttpPort, AnswerAsync);
                break;
            case AcmeChallenge.TlsAlpn:
                var certificate = AcmeAlpn.CertificateFor(proof.Name, proof.AlpnDigest.Span, TimeProvider.System.GetUtcNow());
                made.Enqueue(certificate); // not disposed before the end: a handshake may be using it
                shown[challenge.Name] = certificate;
                tls ??= ServeAsync(pebble.TlsPort, ShakeHandsAsync);
                break;
            default:
                await pebble.SetTextAsync(proof.DnsName, proof.DnsValue);
                break;
        }
        return new Done();
    }

    public async Task WithdrawAsync(AcmeChallenge challenge, CancellationToken cancellationToken)
    {
        Withdrawn.Enqueue(challenge);
        files.TryRemove(challenge.Token, out _);
        shown.TryRemove(challenge.Name, out _);
        if (challenge.Type == AcmeChallenge.Dns) await pebble.ClearTextAsync(challenge.DnsName);
    }

    /// <summary>Whatever was presented was withdrawn, once.</summary>
    public void AssertClean() => Assert.Equal(Presented.Select(c => c.Token).Order(), Withdrawn.Select(c => c.Token).Order());

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        foreach (var server in new[] { web, tls }.OfType<Task>()) await server;
        foreach (var certificate in made) certificate.Dispose();
        stop.Dispose();
    }

    private async Task ServeAsync(int port, Func<Stream, Task> serve)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        var served = new List<Task>();
        while (true)
        {
            try
            {
                served.Add(ServeOneAsync(await listener.AcceptTcpClientAsync(stop.Token), serve));
            }
            catch (OperationCanceledException)
            {
                await Task.WhenAll(served);
                return;
            }
        }
    }

    private static async Task ServeOneAsync(TcpClient client, Func<Stream, Task> serve)
    {
        using (client)
        {
            try
            {
                await serve(client.GetStream());
            }
            catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException)
            {
                // The server that validates goes away when it has seen enough, or comes when the test is over.
            }
        }
    }

    private async Task AnswerAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var path = (await reader.ReadLineAsync(stop.Token))?.Split(' ').ElementAtOrDefault(1) ?? "";
        while (await reader.ReadLineAsync(stop.Token) is { Length: > 0 }) { }
        const string prefix = "/.well-known/acme-challenge/";
        var isKnown = files.TryGetValue(path.StartsWith(prefix, StringComparison.Ordinal) ? path[prefix.Length..] : "", out var body);
        var answer = isKnown ? $"200 OK\r\nContent-Length: {body!.Length}\r\n\r\n{body}" : "404 Not Found\r\nContent-Length: 0\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes("HTTP/1.1 " + answer), stop.Token);
    }

    private async Task ShakeHandsAsync(Stream stream)
    {
        await using var secured = new SslStream(stream);
        await secured.AuthenticateAsServerAsync((_, hello, _, _) => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificate = shown.TryGetValue(hello.ServerName, out var certificate) ? certificate
                : throw new AuthenticationException($"Nothing is presented for {hello.ServerName}."),
            ApplicationProtocols = [new SslApplicationProtocol(AcmeAlpn.Protocol)],
        }), null, stop.Token);
        // The validating server closes when it has seen the certificate.
        while (await secured.ReadAsync(new byte[256], stop.Token) > 0) { }
    }
}

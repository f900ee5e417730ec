using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MimeKit;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Strata.Identity.Tests.People;

/// <summary>A mail server in this process: STARTTLS with a certificate of its own authority, and a password.</summary>
internal sealed class TestMailServer : IAsyncDisposable
{
    public const string User = "strata@example.com";
    public const string Password = "p@ss:word/1";

    private readonly CancellationTokenSource stop = new();
    private readonly Task run;
    private readonly Store store = new();

    private TestMailServer(int port, X509Certificate2 certificate)
    {
        Port = port;
        Authorities = [X509CertificateLoader.LoadCertificate(certificate.Export(X509ContentType.Cert))];
        var options = new SmtpServerOptionsBuilder().ServerName("localhost").Endpoint(e => e
            .Endpoint(new IPEndPoint(IPAddress.Loopback, port)).Certificate(certificate).AuthenticationRequired()).Build();
        var services = new SmtpServer.ComponentModel.ServiceProvider();
        services.Add((IMessageStore)store);
        services.Add((IUserAuthenticator)new Login());
        run = new SmtpServer.SmtpServer(options, services).StartAsync(stop.Token);
    }

    public int Port { get; }

    public X509Certificate2Collection Authorities { get; }

    /// <summary>What it has taken, oldest first.</summary>
    public IReadOnlyList<MimeMessage> Mails => [.. store.Mails];

    /// <summary>What it answers to each; null: it takes them.</summary>
    public SmtpResponse? Refusal
    {
        set => store.Refusal = value;
    }

    public static TestMailServer Start(int port)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return new TestMailServer(port, X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null));
    }

    /// <summary>The link in the newest mail to an address, once there is one of a subject.</summary>
    public async Task<string> LinkAsync(string to, string subject)
    {
        await Wait.UntilAsync(() => Task.FromResult(Find(to, subject) is not null), $"a mail \"{subject}\" to {to}");
        var line = Find(to, subject)!.TextBody!.Split('\n').Last(l => l.StartsWith("http", StringComparison.Ordinal));
        return new Uri(line.Trim()).PathAndQuery;
    }

    public MimeMessage? Find(string to, string subject) =>
        Mails.LastOrDefault(m => m.To.Mailboxes.Single().Address == to && m.Subject?.Contains(subject, StringComparison.Ordinal) == true);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private sealed class Store : MessageStore
    {
        public ConcurrentQueue<MimeMessage> Mails { get; } = new();

        public SmtpResponse? Refusal { get; set; }

        public override async Task<SmtpResponse> SaveAsync(
            ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            if (Refusal is { } refusal) return refusal;
            Assert.True(context.Pipe.IsSecure && context.Authentication.IsAuthenticated);
            using var stream = new MemoryStream(buffer.ToArray());
            Mails.Enqueue(await MimeMessage.LoadAsync(stream, cancellationToken));
            return SmtpResponse.Ok;
        }
    }

    private sealed class Login : UserAuthenticator
    {
        public override Task<bool> AuthenticateAsync(
            ISessionContext context, string user, string password, CancellationToken cancellationToken) =>
            Task.FromResult(user == User && password == Password);
    }
}

using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Strata.Identity.Mail;

/// <summary>Hands a mail to the mail server, by SMTP. Safe for concurrent use.</summary>
internal sealed class SmtpDelivery(IdentityOptions identity, TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <exception cref="SmtpCommandException">The server does not take it.</exception>
    public async Task SendAsync(OutgoingMail mail, CancellationToken cancellationToken)
    {
        var options = identity.Mail ?? throw new InvalidOperationException("There is no mail server.");
        using var message = MessageOf(mail, options);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Timeout);
        using var client = new SmtpClient
        {
            Timeout = (int)Timeout.TotalMilliseconds, CheckCertificateRevocation = false,
            ServerCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(options, certificate, chain, errors),
        };
        await client.ConnectAsync(options.Host, options.Port, options.Encryption switch
        {
            MailEncryption.Tls => SecureSocketOptions.SslOnConnect,
            MailEncryption.StartTls => SecureSocketOptions.StartTls,
            _ => SecureSocketOptions.None,
        }, bound.Token);
        if (options.User is { } user) await client.AuthenticateAsync(user, options.Password ?? "", bound.Token);
        await client.SendAsync(message, bound.Token);
        await client.DisconnectAsync(quit: true, bound.Token);
    }

    private MimeMessage MessageOf(OutgoingMail mail, MailOptions options)
    {
        var message = new MimeMessage
        {
            Subject = mail.Subject, Date = time.GetUtcNow(), Body = new TextPart("plain") { Text = mail.Text },
            MessageId = $"{Guid.CreateVersion7(time.GetUtcNow()):n}@{identity.PublicUrl.Host.Trim('[', ']')}",
        };
        message.From.Add(MailboxAddress.Parse(options.From));
        message.To.Add(new MailboxAddress("", mail.To));
        message.Headers.Add("Auto-Submitted", "auto-generated"); // no answers of absent people (RFC 3834)
        return message;
    }

    /// <summary>As the machine trusts; or, with authorities of one's own, as these do, the name included.</summary>
    private static bool IsTrusted(MailOptions options, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;
        if (options.Authorities is not { Count: > 0 } authorities || errors != SslPolicyErrors.RemoteCertificateChainErrors) return false;
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (chain is not null) own.ChainPolicy.ExtraStore.AddRange(chain.ChainElements.Select(e => e.Certificate).ToArray());
        return certificate is X509Certificate2 shown && own.Build(shown);
    }
}

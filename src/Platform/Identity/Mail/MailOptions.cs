using System.Security.Cryptography.X509Certificates;

namespace Strata.Identity.Mail;

/// <summary>How the connection to a mail server is encrypted.</summary>
public enum MailEncryption
{
    /// <summary>From its first byte (smtps).</summary>
    Tls,

    /// <summary>By STARTTLS before anything is said; a server that does not offer it gets nothing.</summary>
    StartTls,

    /// <summary>Not at all: only to this machine.</summary>
    None,
}

/// <summary>The server that takes the cloud's mail. Immutable.</summary>
public sealed record MailOptions
{
    public required string Host { get; init; }
    public required int Port { get; init; }
    public required MailEncryption Encryption { get; init; }

    /// <summary>Null: the server asks for none.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>As mails show it, for example <c>Strata &lt;strata@example.com&gt;</c>.</summary>
    public required string From { get; init; }

    /// <summary>Authorities whose certificates are accepted beside those that this machine trusts.</summary>
    public X509Certificate2Collection? Authorities { get; init; }
}

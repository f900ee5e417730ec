using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Strata.Identity.Mail;

namespace Strata.Server.Options;

/// <summary>The settings of the server that takes the cloud's mail, and how they are read.</summary>
public static class MailSetting
{
    public static readonly Setting SmtpUrl = new(
        "smtp-url", "", "Mail server: smtps://USER:PASSWORD@HOST:465, or smtp:// with STARTTLS; empty: the cloud sends no mail") { IsSecret = true };

    public static readonly Setting SmtpPasswordFile = new(
        "smtp-password-file", "", "A file that holds the password of smtp-url, instead of the address itself");

    public static readonly Setting SmtpAuthorities = new(
        "smtp-authorities", "", "A PEM file of authorities whose certificates are accepted of the mail server; empty: those of this machine");

    public static readonly Setting MailFrom = new(
        "mail-from", "", "Who the cloud's mail is from, e.g. \"Strata <strata@example.com>\"; needed with smtp-url");

    public static readonly IReadOnlyList<Setting> All = [SmtpUrl, SmtpPasswordFile, SmtpAuthorities, MailFrom];

    private const int PasswordBytesMax = 4096;
    private const int TlsPort = 465;
    private const int StartTlsPort = 587;
    private const string UrlExpected = "smtps://USER:PASSWORD@HOST:PORT, or smtp:// for STARTTLS, without a path";

    /// <returns>Null: it is not set, or a fault was added.</returns>
    internal static MailOptions? Read(Func<Setting, SettingValue> value, List<string> faults)
    {
        var url = value(SmtpUrl);
        if (url.Value.Length == 0 || url.IsHidden) return null;
        var before = faults.Count;
        var address = ServerOptionsReader.Read(url, UrlExpected, Url, faults);
        var from = ServerOptionsReader.Read(value(MailFrom), "an address, such as \"Strata <strata@example.com>\"", From, faults);
        var password = PasswordOf(value(SmtpPasswordFile), faults);
        var authorities = AuthoritiesOf(value(SmtpAuthorities), faults);
        if (faults.Count > before || address is null || from is null) return null;
        var user = address.UserInfo.Split(':', 2);
        if (password is not null && user.Length == 2) faults.Add("smtp-url has a password, and smtp-password-file is set; one is enough");
        return new MailOptions
        {
            Host = address.IdnHost, Port = address.IsDefaultPort || address.Port <= 0 ? DefaultPort(address) : address.Port,
            Encryption = address.Scheme == "smtps" ? MailEncryption.Tls
                : address.IsLoopback ? MailEncryption.None : MailEncryption.StartTls,
            User = user[0].Length > 0 ? Uri.UnescapeDataString(user[0]) : null,
            Password = password ?? (user.Length == 2 ? Uri.UnescapeDataString(user[1]) : null),
            From = from, Authorities = authorities,
        };
    }

    private static int DefaultPort(Uri address) => address.Scheme == "smtps" ? TlsPort : StartTlsPort;

    private static Uri Url(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url)
        && url is { Scheme: "smtp" or "smtps", PathAndQuery: "" or "/", Fragment: "", Host.Length: > 0 }
            ? url : throw new FormatException();

    private static string From(string text) =>
        !text.Any(char.IsControl) && MimeKit.MailboxAddress.TryParse(text, out var mailbox)
            && mailbox.Address.Contains('@', StringComparison.Ordinal) ? text : throw new FormatException();

    private static string? PasswordOf(SettingValue file, List<string> faults)
    {
        if (file.Value.Length == 0) return null;
        try
        {
            if (new FileInfo(file.Value).Length <= PasswordBytesMax && File.ReadAllText(file.Value).Trim() is { Length: > 0 } text)
                return text;
            faults.Add(ServerOptionsReader.Fault(file, "a file with a password in it"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            faults.Add(ServerOptionsReader.Fault(file, $"a file that can be read ({e.GetType().Name})"));
        }
        return null;
    }

    private static X509Certificate2Collection? AuthoritiesOf(SettingValue file, List<string> faults)
    {
        if (file.Value.Length == 0) return null;
        try
        {
            var found = new X509Certificate2Collection();
            found.ImportFromPemFile(file.Value);
            if (found.Count > 0) return found;
            faults.Add(ServerOptionsReader.Fault(file, "a PEM file with certificates in it"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or CryptographicException)
        {
            faults.Add(ServerOptionsReader.Fault(file, $"a PEM file that can be read ({e.GetType().Name})"));
        }
        return null;
    }
}

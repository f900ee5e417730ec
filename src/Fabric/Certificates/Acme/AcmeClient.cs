using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>
/// An ACME server (RFC 8555), spoken to with one account key. Everything that it answers is taken for hostile: answers are bounded in size,
/// waits in time, only https addresses are called, and a certificate is checked before it is handed out. Keeps the directory and a few
/// nonces, and nothing else. Safe for concurrent use; who made the HttpClient and the key disposes of them.
/// </summary>
/// <param name="http">Follows no redirects: of <see cref="AcmeHttp.Create"/>.</param>
/// <param name="directory">Absolute, https; anything else is an <see cref="ArgumentException"/>.</param>
/// <param name="accountKey">ECDSA on the curve P-256; anything else is an <see cref="ArgumentException"/>.</param>
internal sealed class AcmeClient(HttpClient http, Uri directory, ECDsa accountKey, TimeProvider time)
{
    /// <summary>Addresses of a directory hardly ever change, and terms of service some times a year.</summary>
    private static readonly TimeSpan directoryKept = TimeSpan.FromHours(1);

    private const int Created = 201;

    private static readonly TimeSpan askAgainMin = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan askAgainMax = TimeSpan.FromDays(1);
    private static readonly TimeSpan askAgainDefault = TimeSpan.FromHours(6);

    private readonly Uri directory = AcmeJson.Usable(directory)
        ?? throw new ArgumentException("The directory of an ACME server is an https address without a user name.", nameof(directory));

    private readonly AcmeTransport transport = new(http, new AcmeSigner(accountKey), time);
    private Kept? kept;

    /// <summary>
    /// How long one order waits for the server, all its waits together; the time that the solver takes comes on top. 2 minutes.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Of a public key (RFC 7638), base64url: what follows the token in a key authorization.</summary>
    public static string ThumbprintOf(ECDsa accountKey) => AcmeSigner.ThumbprintOf(accountKey);

    /// <summary>What the server offers; not older than an hour.</summary>
    public async Task<Result<AcmeDirectory>> DirectoryAsync(CancellationToken cancellationToken)
    {
        if (kept is { } known && time.GetUtcNow() - known.At < directoryKept) return known.Directory;
        var read = (await transport.GetAsync(directory, cancellationToken)).Then(AcmeDirectory.Read);
        if (read.IsOk) kept = new Kept(read.Value, time.GetUtcNow());
        return read;
    }

    /// <summary>
    /// Registers the account of the key, or finds it where it is registered, and has it say the contact. The terms must be agreed to where
    /// the server has any.
    /// </summary>
    /// <returns>The account's address. Keep its text as it is: the server compares it.</returns>
    public async Task<Result<Uri>> RegisterAsync(AcmeContact contact, CancellationToken cancellationToken)
    {
        if (!(await DirectoryAsync(cancellationToken)).TryGet(out var offered, out var error)) return error;
        if (offered.TermsOfService is { } terms && !contact.AgreesToTerms) return AcmeErrors.TermsNotAgreed(terms);
        byte[]? binding = null;
        if (contact.ExternalAccount is { } external && !transport.Signer.Bind(offered.NewAccount, external).TryGet(out binding, out error))
            return error;
        var payload = AcmeSigner.Json(json => WriteAccount(json, contact, binding));
        var posted = await transport.PostAsync(offered.NewNonce, offered.NewAccount, account: null, payload, cancellationToken);
        if (!posted.TryGet(out var reply, out error)) return WithTerms(error, offered);
        if (!reply.Object().TryGet(out var account, out error)) return error;
        // Without a status it is taken for valid: some servers leave it out.
        if (account.Text("status") is { } status && status != AcmeStatus.Valid)
            return AcmeErrors.Refused($"The account of this key is {status.Shortened(30)}", null);
        if (reply.Location is not { } location) return AcmeErrors.InvalidAnswer(reply.Address, "the account has no https Location");
        if (reply.Status == Created) return location;
        // RFC 8555 section 7.3.2: what a request for a new account says of one that exists changes nothing.
        var update = AcmeSigner.Json(json => WriteContact(json, contact));
        var updated = await transport.PostAsync(offered.NewNonce, location, location, update, cancellationToken);
        return updated.TryGet(out _, out error) ? location : error;
    }

    /// <summary>
    /// Orders a certificate: proves each name with the solver, and returns what was issued. Whatever was presented is withdrawn at the end,
    /// also after a failure or a cancellation.
    /// </summary>
    /// <param name="account">Of <see cref="RegisterAsync"/>.</param>
    /// <param name="names">1 or more DNS names in ASCII, each once; a wildcard begins with "*.".</param>
    /// <param name="certificateKey">ECDSA or RSA, not the account's key. It is used and not disposed.</param>
    public async Task<Result<AcmeCertificate>> OrderAsync(Uri account, IReadOnlyList<string> names, AsymmetricAlgorithm certificateKey,
        IAcmeSolver solver, CancellationToken cancellationToken)
    {
        if (names.Count == 0) throw new ArgumentException("A certificate is for at least one name.", nameof(names));
        if (!(await DirectoryAsync(cancellationToken)).TryGet(out var offered, out var error)) return error;
        var session = new AcmeSession(transport, offered, account);
        var order = new AcmeOrder(session, names, certificateKey, new AcmePatience(Patience, time), time);
        return await order.RunAsync(transport.Signer, solver, cancellationToken);
    }

    /// <summary>When the server wants a certificate of its own renewed (RFC 9773).</summary>
    /// <returns>Null: it does not advise, or this certificate does not name its issuer's key.</returns>
    public async Task<Result<AcmeRenewal?>> RenewalAsync(X509Certificate2 leaf, CancellationToken cancellationToken)
    {
        if (!(await DirectoryAsync(cancellationToken)).TryGet(out var offered, out var error)) return error;
        if (offered.RenewalInfo is null || RenewalIdOf(leaf) is not { } id) return (AcmeRenewal?)null;
        var address = new Uri($"{offered.RenewalInfo.AbsoluteUri.TrimEnd('/')}/{id}");
        return (await transport.GetAsync(address, cancellationToken)).Then(Renewal);
    }

    /// <summary>How RFC 9773 section 4.1 names a certificate: by its issuer's key and its serial number.</summary>
    /// <returns>Null: the certificate does not name its issuer's key.</returns>
    internal static string? RenewalIdOf(X509Certificate2 leaf)
    {
        var issuer = leaf.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        return issuer is null ? null
            : $"{Base64Url.EncodeToString(issuer.Value.Span)}.{Base64Url.EncodeToString(leaf.SerialNumberBytes.Span)}";
    }

    private static Result<AcmeRenewal?> Renewal(AcmeReply reply)
    {
        if (!reply.Object().TryGet(out var json, out var error)) return error;
        if (json.Member("suggestedWindow") is not { } window || window.Time("start") is not { } start || window.Time("end") is not { } end
            || end <= start)
            return AcmeErrors.InvalidAnswer(reply.Address, "the renewal window lacks its start, or an end after it");
        var again = reply.RetryAfter ?? askAgainDefault;
        again = again < askAgainMin ? askAgainMin : again > askAgainMax ? askAgainMax : again;
        return new AcmeRenewal(start, end, json.Link("explanationURL"), again);
    }

    private static void WriteAccount(Utf8JsonWriter json, AcmeContact contact, byte[]? binding)
    {
        if (contact.AgreesToTerms) json.WriteBoolean("termsOfServiceAgreed", true);
        if (contact.Email is { Length: > 0 }) WriteContact(json, contact);
        if (binding is null) return;
        json.WritePropertyName("externalAccountBinding");
        json.WriteRawValue(binding);
    }

    /// <summary>Empty: to no one.</summary>
    private static void WriteContact(Utf8JsonWriter json, AcmeContact contact)
    {
        json.WriteStartArray("contact");
        if (contact.Email is { Length: > 0 } email) json.WriteStringValue("mailto:" + email);
        json.WriteEndArray();
    }

    /// <summary>A server that only says that its terms are not agreed to names them in its directory.</summary>
    private static Error WithTerms(Error error, AcmeDirectory offered) =>
        error is { Code: AcmeErrors.TermsNotAgreedCode, Details: null } ? AcmeErrors.TermsNotAgreed(offered.TermsOfService) : error;

    private sealed record Kept(AcmeDirectory Directory, DateTimeOffset At);
}

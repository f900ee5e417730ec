using Strata.Core;

namespace Strata.Certificates;

/// <summary>The errors of this module.</summary>
internal static class CertificateErrors
{
    public const string InvalidCode = "CERTIFICATE_INVALID";
    public const string DnsHookCode = "DNS_HOOK_FAILED";
    public const string NotReadyCode = "CERTIFICATE_NOT_READY";
    public const string IssuedCode = "CERTIFICATE_IS_THE_CLOUDS";

    /// <param name="next">Null: how it is sent.</param>
    public static Error Invalid(string what, string? next = null) => new(ErrorKind.Invalid, InvalidCode, what,
        next ?? "Send the certificate in PEM, followed by those that lead to its authority, and its private key, unencrypted.");

    public static Error Needed(string name) => new(
        ErrorKind.Conflict, IssuedCode, $"The certificate \"{name}\" is one that the cloud makes; it ends with its host.",
        $"To have it issued again: strata certs renew {name}");

    public static readonly Error AuthorityNeeded = new(
        ErrorKind.Conflict, "ISSUER_NEEDED", "The cloud's own authority cannot be removed: it signs for local names.",
        "To have others asked for public names: strata issuers add letsencrypt --email ADDRESS --agree-to-terms");

    public static readonly Error NotReady = new(
        ErrorKind.Conflict, NotReadyCode, "The certificate has not been issued yet, so it has no key.",
        "See why: strata certs");

    public static Error Issued(string name) => new(
        ErrorKind.Conflict, IssuedCode, $"The certificate \"{name}\" is one that the cloud makes; it cannot be replaced by your own.",
        "Use another name: of two certificates for a host, your own is served.");

    public static readonly Error NoDnsHook = new(
        ErrorKind.Unavailable, DnsHookCode, "The issuer proves by DNS, and this server has no program for that (--dns-hook).",
        "Start the servers with --dns-hook PROGRAM, or have the issuer prove over HTTP.");

    public static Error DnsHookFailed(string record, string reason) => new(
        ErrorKind.Unavailable, DnsHookCode, $"The DNS hook could not set {record}: {reason}.", "Try the program by hand.");

    public static readonly Error KeyLost = new(
        ErrorKind.Conflict, NotReadyCode, "The certificate's key does not open under the cloud's keys.",
        "Have it issued again (strata certs renew NAME), or bring your own again (strata certs add NAME --cert FILE --key FILE).");
}

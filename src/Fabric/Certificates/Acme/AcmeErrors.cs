using System.Globalization;
using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>
/// The catalogue of what can go wrong between this cloud and an ACME server. Texts of the server are shortened and shown to users, because
/// only they say why a name was not verified.
/// </summary>
internal static class AcmeErrors
{
    public const string UnreachableCode = "ACME_UNREACHABLE";
    public const string RefusedCode = "ACME_REFUSED";
    public const string RateLimitedCode = "ACME_RATE_LIMITED";
    public const string TermsNotAgreedCode = "ACME_TERMS_NOT_AGREED";
    public const string InvalidAnswerCode = "ACME_INVALID_ANSWER";
    public const string TimedOutCode = "ACME_TIMED_OUT";
    public const string NoChallengeCode = "ACME_NO_CHALLENGE";
    public const string RootsInvalidCode = "ACME_ROOTS_INVALID";

    /// <summary>In <see cref="Error.Details"/>: how long the server asks to wait, in whole seconds. Absent where it did not say.</summary>
    public const string RetryAfterDetail = "retryAfterSeconds";

    /// <summary>
    /// In <see cref="Error.Details"/> of a refusal: the problem's type as RFC 8555 section 6.7 names it, without the prefix, for example
    /// <c>accountDoesNotExist</c>. Absent where the server gave none of these types.
    /// </summary>
    public const string TypeDetail = "acmeType";

    /// <summary>In <see cref="Error.Details"/>: the terms of service to read and agree to. Absent where the server did not say.</summary>
    public const string TermsDetail = "termsOfService";

    public static readonly Error HmacKeyInvalid = new(
        ErrorKind.Invalid, RefusedCode, "The HMAC key of the external account is not base64url.",
        "Copy it again from the account page of the certificate authority.");

    public static readonly Error RootsInvalid = new(
        ErrorKind.Invalid, RootsInvalidCode, "The root certificates of the ACME server are not certificates in PEM.",
        "Give one or more blocks that begin with -----BEGIN CERTIFICATE-----.");

    public static Error Unreachable(Uri address, string reason) => new(
        ErrorKind.Unavailable, UnreachableCode, $"The ACME server {address.Authority} does not answer: {reason}.") { Retryable = true };

    public static Error InvalidAnswer(Uri address, string fault) => new(
        ErrorKind.Unavailable, InvalidAnswerCode,
        $"The ACME server {address.Authority} gave an answer that cannot be used: {fault}.");

    public static Error TimedOut(string what, TimeSpan patience, TimeSpan? retryAfter) => new(
        ErrorKind.Timeout, TimedOutCode, $"The ACME server did not finish {what} within {patience.TotalSeconds:0} seconds.")
    {
        Retryable = true,
        Details = Facts((RetryAfterDetail, Seconds(retryAfter))),
    };

    public static Error NoChallenge(string name, IEnumerable<string> offered, IEnumerable<string> possible) => new(
        ErrorKind.Unprocessable, NoChallengeCode,
        $"There is no way to prove control of {name}: the ACME server accepts {Words(offered)}, and this cloud can do {Words(possible)}.",
        name.StartsWith("*.", StringComparison.Ordinal) ? "A wildcard name needs dns-01." : null);

    public static Error TermsNotAgreed(string? terms) => new(
        ErrorKind.Unprocessable, TermsNotAgreedCode,
        $"The terms of service of the certificate authority are not agreed to{(terms is null ? "" : $": {terms}")}.",
        "Read them, and agree to them in the settings of the issuer.") { Details = Facts((TermsDetail, terms)) };

    public static Error RateLimited(string reason, TimeSpan? retryAfter) => new(
        ErrorKind.TooMany, RateLimitedCode, $"The ACME server accepts no more requests for now: {reason}")
    {
        Retryable = true,
        Details = Facts((RetryAfterDetail, Seconds(retryAfter))),
    };

    /// <param name="what">What was refused, as the first words of the sentence.</param>
    /// <param name="problem">Null: the server did not say why.</param>
    public static Error Refused(string what, AcmeProblem? problem, bool retryable = false) => new(
        ErrorKind.Unprocessable, RefusedCode, $"{what}: {problem?.Text ?? "the ACME server gave no reason."}", NextStep(problem?.Type))
    {
        Retryable = retryable,
        Details = Facts((TypeDetail, problem?.Type)),
    };

    private static string? NextStep(string? type) => type switch
    {
        "dns" => "Check that the name exists in DNS and points to this cloud.",
        "connection" => "Check that ports 80 and 443 of this cloud can be reached from the internet under this name.",
        "caa" => "Allow this certificate authority in the CAA record of the name.",
        "externalAccountRequired" => "Give the key id and the HMAC key of your account at the certificate authority.",
        "invalidContact" or "unsupportedContact" => "Give another email address, or none.",
        _ => null,
    };

    private static string Words(IEnumerable<string> types) => string.Join(", ", types) is { Length: > 0 } words ? words : "nothing";

    private static string? Seconds(TimeSpan? time) => time is null ? null
        : ((long)Math.Ceiling(time.Value.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    private static Dictionary<string, string>? Facts((string Name, string? Value) fact) =>
        fact.Value is null ? null : new() { [fact.Name] = fact.Value };
}

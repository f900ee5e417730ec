using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>What an ACME server offers and where (RFC 8555 section 7.1.1).</summary>
/// <param name="RenewalInfo">Null: the server does not advise when to renew (RFC 9773).</param>
/// <param name="TermsOfService">
/// What a customer agrees to, most often the https address of a page, but the server's own text: check it before it becomes a link. Null:
/// nothing.
/// </param>
/// <param name="ExternalAccountRequired">A new account needs a key id and HMAC key that the certificate authority gave.</param>
internal sealed record AcmeDirectory(
    Uri NewNonce, Uri NewAccount, Uri NewOrder, Uri? RenewalInfo, string? TermsOfService, bool ExternalAccountRequired)
{
    public static Result<AcmeDirectory> Read(AcmeReply reply)
    {
        if (!reply.Object().TryGet(out var json, out var error)) return error;
        if (json.Link("newNonce") is not { } newNonce || json.Link("newAccount") is not { } newAccount
            || json.Link("newOrder") is not { } newOrder)
            return AcmeErrors.InvalidAnswer(reply.Address, "the directory lacks the https address of newNonce, newAccount or newOrder");
        var meta = json.Member("meta");
        return new AcmeDirectory(newNonce, newAccount, newOrder, json.Link("renewalInfo"), meta?.Line("termsOfService"),
            meta?.IsTrue("externalAccountRequired") ?? false);
    }
}

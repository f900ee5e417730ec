using Strata.Api.Http;
using Strata.Core;

namespace Strata.Identity;

/// <summary>The catalogue of this module's errors; those of the token endpoint are <see cref="Tokens.OAuthError"/>.</summary>
internal static class IdentityErrors
{
    public static readonly Error OneOrganization = new(
        ErrorKind.Invalid, "BAD_REQUEST", "The cloud's own parts have no clients, keys or providers.", "Use a token of the organization.");

    public static readonly Error WholeOrganization = new(
        ErrorKind.Forbidden, "FORBIDDEN", "Your token is for one project, and this concerns the whole organization.",
        "Use a token of the organization.");

    public static readonly Error NoSubscriptions = new(
        ErrorKind.NotSupported, "NOT_IMPLEMENTED", "A self-hosted cloud has no subscriptions.", "GET /api/account shows who you are.");

    public static readonly Error ProviderDuplicate = new(
        ErrorKind.Conflict, "OIDC_PROVIDER_DUPLICATE", "Your organization has a provider with this address already.",
        "Change that one with PATCH, or delete it first.");

    public static readonly Error ClientAlreadyCreated = new(
        ErrorKind.Conflict, "CLIENT_ALREADY_CREATED", "This request made its client before, and a client's secret is shown only once.",
        "Find the client with GET /api/clients, and give it a new secret with PUT /api/clients/ID/secret.");

    public static readonly Error PasswordsBusy = new(
        ErrorKind.Unavailable, "PASSWORDS_BUSY", "Too many passwords are being checked at the moment.", "Try again in a few seconds.")
    { Retryable = true };

    public static readonly Error VisitCodeInvalid = new(
        ErrorKind.Invalid, "VISIT_CODE_INVALID", "The code is not good: it was used, is over a minute old, or another browser's.",
        "Open the address again.");

    public static readonly Error SignInOutdated = new(
        ErrorKind.Conflict, "SIGN_IN_OUTDATED", "The account has changed since you signed in.", "Sign in again.");

    public static readonly Error TooManySignIns = new(
        ErrorKind.TooMany, "TOO_MANY_SIGN_INS", "There were a hundred sign-ins of this account within an hour.", "Wait an hour.");

    public static readonly Error PasskeyRefused = new(
        ErrorKind.Invalid, "PASSKEY_REFUSED", "This passkey was not accepted.", "Try again, or use another way to sign in.");

    public static readonly Error PasskeyCounter = new(
        ErrorKind.Forbidden, "PASSKEY_COUNTER",
        "This passkey was not accepted: it counts its uses, and the count went back, as if there were a copy of it.",
        "Use another way to sign in, remove the passkey at /account, and add it again.");

    public static readonly Error PasskeyKnown = new(
        ErrorKind.Conflict, "PASSKEY_KNOWN", "You have this passkey already.", "Add one of another device.");

    public static readonly Error TooManyPasskeys = new(
        ErrorKind.Conflict, "TOO_MANY_PASSKEYS", "You have 20 passkeys, which is the maximum.", "Remove one that you do not use.");

    public static readonly Error LastWayIn = new(
        ErrorKind.Conflict, "LAST_WAY_IN", "Without this you could not sign in any more.",
        "Set a password first, or sign in once with a passkey and nothing else.");

    public static readonly Error OwnTwoFactorMissing = new(
        ErrorKind.Conflict, "TWO_FACTOR_MISSING", "You have no second factor yourself, so you would lose your access with this.",
        "Add a passkey, or codes of an authenticator app, at /account in your browser, then try again.");

    public static readonly Error AlreadyMember = new(
        ErrorKind.Conflict, "ALREADY_MEMBER", "This person is a member of the organization already.",
        "An administrator changes their roles with: strata members set NAME --role ROLE");

    public static readonly Error InvitationUsed = new(
        ErrorKind.Conflict, "INVITATION_USED", "This invitation has been accepted already.", "Ask for another one.");

    public static readonly Error InvitedAnother = new(
        ErrorKind.Forbidden, "INVITED_ANOTHER", "This invitation is for another address than the one you are signed in with.",
        "Sign out and open the link again, or ask for an invitation for your address.");

    public static readonly Error InvitationAlreadyCreated = new(
        ErrorKind.Conflict, "INVITATION_ALREADY_CREATED", "This request has made its invitation, and a link is shown only once.",
        "Delete the invitation and make another.");

    public static readonly Error NotCovered = new(
        ErrorKind.Forbidden, "FORBIDDEN", "You cannot give a person more than you have yourself.",
        "Choose other roles, or ask an administrator.");

    public static readonly Error HeldByMore = new(
        ErrorKind.Forbidden, "FORBIDDEN", "This person has more than you, so you cannot change or end their membership.",
        "Ask an administrator of theirs, for an operator one of the cloud's operators.");

    public static readonly Error NoPerson = new(
        ErrorKind.NotFound, "NO_PERSON", "This call was not made by a person who has signed in, but with a token.",
        "Sign in with: strata login");

    public static Error BadRequest(string message) => new(ErrorKind.Invalid, "BAD_REQUEST", message);

    public static readonly Error Period = ApiErrors.BodyValue("validTo", "a time in the future and after validFrom");

    public static Error Faulty(IReadOnlyList<ValidationError> faults) =>
        BadRequest($"{faults[0].Field}: {faults[0].Message}") with { Faults = faults };

    public static Error ClientNotFound(string id) =>
        new(ErrorKind.NotFound, "M2M_CLIENT_NOT_FOUND", $"There is no client {id.Shortened(100)}.",
        "GET /api/clients lists the existing ones.");

    /// <param name="id">As the caller wrote it: an OAuth client id, or the name of the resource.</param>
    /// <param name="command">Deletes it anyway.</param>
    public static Error OwnClient(string id, string command) => new(
        ErrorKind.Conflict, "CLIENT_IN_USE",
        $"The token of this call was issued to the client {id.Shortened(100)}: once the client is deleted, its tokens are refused.",
        $"To do it anyway: {command} --force (over HTTP: ?force=true).");

    public static Error KeyPairNotFound(string id) =>
        new(ErrorKind.NotFound, "KEYPAIR_NOT_FOUND", $"There is no key pair {id.Shortened(100)}.", null);

    public static Error TrustedKeyNotFound(string id) =>
        new(ErrorKind.NotFound, "TRUSTED_KEY_NOT_FOUND", $"There is no trusted key {id.Shortened(100)}.",
            "GET /api/oauth/keys/trusted lists the existing ones.");

    public static Error TrustedKeyExists(string id) => new(
        ErrorKind.Conflict, "CONFLICT", $"A trusted key {id.Shortened(100)} already exists.",
        "Delete it first, or register the new one under another key id.");

    public static Error ProviderNotFound(string id) =>
        new(ErrorKind.NotFound, "OIDC_PROVIDER_NOT_FOUND", $"There is no provider {id.Shortened(100)}.",
            "GET /api/oauth/oidc/providers lists the existing ones.");

    public static Error Algorithm(string sent) =>
        new(ErrorKind.Invalid, "UNSUPPORTED_ALGORITHM", $"The algorithm {sent.Shortened(100)} is not supported.",
            "Use RS256, ES256 or EdDSA.");

    public static Error KeyType(string message) =>
        new(ErrorKind.Invalid, "UNSUPPORTED_KEY_TYPE", message,
            "Send the public part of an RSA (2048 bits and more), EC (P-256, P-384, P-521) or Ed25519 key as a JWK.");

    public static Error Cap(string code, string what, int max) => new(
        ErrorKind.Conflict, code, $"There are {max} {what} already, which is the maximum.", "Delete unused ones.");

    public static Error PrivateAddress(string host) => new(
        ErrorKind.Invalid, "OIDC_SSRF_BLOCKED", $"{host.Shortened(100)} is not an address of the public internet.",
        "Private ones are open only where the server was started with --private-providers on.");

    /// <param name="issuer">As the token has it.</param>
    public static Error ProviderUnavailable(string issuer) => new(
        ErrorKind.Unavailable, "OIDC_PROVIDER_UNAVAILABLE",
            $"The OIDC provider {issuer.Shortened(100)} does not return its keys at the moment, so its token cannot be checked.",
        "Try again in a few seconds. If it stays, check that the server can reach the provider; the server's log has the reason.")
    { Retryable = true };
}

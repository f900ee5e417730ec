using Strata.Core;

namespace Strata.Api.Http;

/// <summary>The catalogue of errors that belong to HTTP itself. A module's own errors stand in its own catalogue.</summary>
public static class ApiErrors
{
    public const string ConflictCode = "IDEMPOTENCY_CONFLICT";

    /// <summary>Characters of a name that the sender chose.</summary>
    private const int NameShown = 100;

    public static readonly Error Unauthorized = new(
        ErrorKind.Unauthenticated, "UNAUTHORIZED", "The request carries no valid token.",
        "Send \"Authorization: Bearer TOKEN\"; \"strata token\" prints one for this machine's cloud.");

    /// <summary>The same code as where the database says that it cannot: for a caller there is no difference.</summary>
    internal static readonly Error StorageSilent = new(
        ErrorKind.Unavailable, "STORAGE_UNAVAILABLE", "The database is not responding, so the request cannot be served.",
        "Try again in a moment; strata status on the server's machine shows what is wrong.")
    { Retryable = true };

    public static readonly Error OperatorNeeded = new(
        ErrorKind.Forbidden, "FORBIDDEN", "This belongs to the cloud itself, and your token is not an operator's.",
        "Use the token of the cloud's operator.");

    internal static readonly Error Closed = new(
        ErrorKind.Forbidden, "FORBIDDEN", "This endpoint declares no permission, so no one may use it.", "Report this as a bug in Strata.");

    internal static readonly Error Internal = new(
        ErrorKind.Internal, "INTERNAL", "Strata failed to handle this request; the server's log shows why, under the request id.",
        "Try again; if the error persists, report it with the request id.");

    internal static readonly Error BodyRequired = new(
        ErrorKind.Invalid, "BODY_REQUIRED", "The request has no body.", "Send a JSON object.");

    internal static readonly Error EncodedBody = new(
        ErrorKind.UnsupportedMedia, "UNSUPPORTED_ENCODING", "The body is compressed, which is not supported here.",
        "Send it without Content-Encoding.");

    public static readonly Error WholeOrganization = new(
        ErrorKind.Forbidden, "PROJECT_TOKEN", "This belongs to the whole organization, but your token is for one project.",
        "Use a token of the organization.");

    internal static Error OrganizationNeeded(string name) => new(
        ErrorKind.Conflict, "ORGANIZATION_NEEDED",
        $"The organization \"{name}\" cannot be deleted: it is the cloud's default organization or the one your own token belongs to.",
        "Delete what it holds instead, or use the token of an operator in another organization.");

    internal static Error LastAdministrator(string name) => new(
        ErrorKind.Conflict, "LAST_ADMINISTRATOR",
        $"\"{name}\" is the last way for an administrator into the organization: no other person or token has the role admin, no client has ROLE_ADMIN, and no identity provider is active.",
        "Make another administrator first: strata members set NAME --role admin, or strata token create NAME --role admin.");

    internal static Error LastOperator(string name) => new(
        ErrorKind.Conflict, "LAST_OPERATOR",
        $"\"{name}\" is the last valid operator token in the default organization: without it no one could administer the cloud.",
        "Create another one first: strata token create NAME --role admin --role operator. To replace one that was leaked or lost, run on the "
        + "server's machine: strata down, then strata up --new-admin-token.");

    internal static Error OwnToken(string name) => new(
        ErrorKind.Conflict, "TOKEN_IN_USE", $"\"{name}\" is the token of this call: once it is revoked, it opens nothing any more.",
        $"To do it anyway: strata token revoke {name} --force (over HTTP: ?force=true).");

    public static Error Forbidden(string permission) => new(
        ErrorKind.Forbidden, "FORBIDDEN", $"You do not hold the permission \"{permission}\".",
        $"Ask an administrator, who sees why by strata access explain WHO {permission}, and gives roles by strata access grant ROLE WHO.");

    /// <summary>The permission is held for other resources, by a project or by labels.</summary>
    public static Error ForbiddenHere(string permission) => new(
        ErrorKind.Forbidden, "FORBIDDEN", $"You hold \"{permission}\" for some resources, but not for this one.",
        "`strata whoami` shows for which. An administrator gives more: strata access grant ROLE WHO -p PROJECT.");

    internal static readonly Error AddressNotAllowed = new(
        ErrorKind.Forbidden, "ADDRESS_NOT_ALLOWED", "Your token is for other addresses than the one that this request comes from.",
        "Call from one of its networks, or use another token. Behind a proxy, the operator names it with --trusted-proxies.");

    public static readonly Error TwoFactorRequired = new(
        ErrorKind.Forbidden, "TWO_FACTOR_REQUIRED", "This organization requires two-factor authentication, and you have not set it up.",
        "Add a passkey, or codes of an authenticator app, at /account in your browser.");

    internal static readonly Error LabelsAreRights = new(
        ErrorKind.Forbidden, "FORBIDDEN", "Your rights to this are by its labels, so you may not change them.",
        "Ask someone who may write it whatever its labels are.");

    /// <summary>Of a caller who holds it in several projects, for a call that names none.</summary>
    public static Error ProjectNeeded(string permission) => new(
        ErrorKind.Forbidden, "PROJECT_NEEDED", $"You hold \"{permission}\" in several projects, and this call names none of them.",
        "Name one: -p PROJECT in the command line, the header Strata-Project over HTTP.");

    internal static Error NotInProject(string kind, string name, string project) => new(
        ErrorKind.NotFound, "NOT_FOUND", $"There is no {kind} \"{name.Shortened(80)}\" in the project \"{project.Shortened(80)}\".",
        "Another project of the organization has one of this name: leave out -p, or name that project.");

    internal static Error NoRoute(string method, string path) => new(
        ErrorKind.NotFound, "NO_SUCH_ENDPOINT", $"There is nothing at {method} {path.Shortened(100)}.",
        "/openapi.json lists every endpoint, /docs explains them.");

    internal static Error Method(string method, string allowed) => new(
        ErrorKind.Invalid, "METHOD_NOT_ALLOWED", $"{method.Shortened(100)} is not possible here.", allowed.Length == 0
            ? null : $"Possible: {allowed}.");

    public static Error MediaType(string? sent, string accepted) => new(
        ErrorKind.UnsupportedMedia, "UNSUPPORTED_MEDIA_TYPE",
        sent is null ? "The body has no content type." : $"A body of type {sent.Shortened(100)} is not understood here.",
        $"Send {accepted} in UTF-8.");

    public static Error TooLarge(long limit) => new(
        ErrorKind.TooLarge, "BODY_TOO_LARGE", $"The body is larger than the {limit} bytes that fit here.",
        $"Send at most {limit} bytes.") { Details = new Dictionary<string, string> { ["limit"] = $"{limit}" } };

    public static Error BadRequest(string message, string? next = null) => new(ErrorKind.Invalid, "BAD_REQUEST", message, next);

    /// <param name="message">Goes on after the parameter's name.</param>
    /// <param name="next">Names the parameter and what it may be.</param>
    public static Error Query(string name, string message, string next) => Of(
        "INVALID_QUERY", $"The query parameter \"{name.Shortened(NameShown)}\" {message}", name, message, next);

    /// <param name="allowed">What it may be, for example <c>a whole number from 1 to 100</c>.</param>
    public static Error QueryValue(string name, string allowed) =>
        Query(name, $"must be {allowed}.", $"Set {name.Shortened(NameShown)} to {allowed}.");

    /// <param name="known">The parameters that the endpoint has; may be none.</param>
    internal static Error UnknownQuery(string name, IEnumerable<string> known) => Query(
        name, "is not known here.", string.Join(", ", known) is { Length: > 0 } list
            ? $"Leave it out. The parameters of this endpoint: {list}." : "Leave it out. This endpoint has no parameters.");

    /// <param name="message">Goes on after the header's name.</param>
    /// <param name="next">Names the header and what it may be.</param>
    public static Error Header(string name, string message, string next) =>
        Of("INVALID_HEADER", $"The header {name} {message}", name, message, next);

    /// <param name="allowed">What it may be, for example <c>one UUID</c>.</param>
    public static Error HeaderValue(string name, string allowed) => Header(name, $"must be {allowed}.", $"Set {name} to {allowed}.");

    /// <param name="name">As the route's pattern has it, for example <c>entityId</c>.</param>
    /// <param name="allowed">What it may be.</param>
    public static Error PathValue(string name, string allowed) => Of(
        "INVALID_PATH", $"\"{name}\" in the path must be {allowed}.", name, $"must be {allowed}.",
        $"Set {{{name}}} in the path to {allowed}.");

    /// <param name="name">The member's path in the body.</param>
    /// <param name="allowed">What it may be.</param>
    public static Error BodyValue(string name, string allowed) => Of(
        "BAD_REQUEST", $"\"{name}\" in the body must be {allowed}.", name, $"must be {allowed}.", $"Set {name} to {allowed}.");

    /// <param name="allowed">What the body itself must be, for example <c>a JSON object</c>.</param>
    public static Error Body(string allowed) => BadRequest($"The body must be {allowed}.", $"Send {allowed} as the body.");

    private static Error Of(string code, string text, string field, string message, string next) =>
        new(ErrorKind.Invalid, code, text, next) { Faults = [new ValidationError(field.Shortened(NameShown), message)] };

    internal static Error KeyReused(string key) => new(
        ErrorKind.Conflict, ConflictCode, $"The Idempotency-Key \"{key}\" was already used for another request.",
        "Use a fresh key for each request.");

    internal static Error NotCompleted(EntityId id, string? processor, string? reason) => new(
        ErrorKind.Conflict, "TRANSITION_NOT_COMPLETED",
        $"The request with this Idempotency-Key saved the entity {id} before the processor \"{processor}\" was called, and went no further"
            + ": " + (reason ?? "the reason is not known") + (reason?.EndsWith('.') == true ? "" : "."),
        "Read the entity; to go on from there send a request with a fresh key.")
    {
        Details = new Dictionary<string, string> { ["entityId"] = id.ToString() },
    };
}

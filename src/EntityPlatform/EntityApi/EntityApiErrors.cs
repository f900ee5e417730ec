using System.Globalization;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi;

/// <summary>The entity API's own errors; codes are the contract's.</summary>
internal static class EntityApiErrors
{
    public const string ModifiedCode = "ENTITY_MODIFIED";

    public static readonly Error OneOrganization = new(
        ErrorKind.Forbidden, "FORBIDDEN", "Entities belong to an organization, and this token belongs to the platform.",
        "Use a token of the organization.");

    public static readonly Error TimeOrTransaction = ApiErrors.Query(
        "transactionId", "does not go with pointInTime.", "Leave out one of pointInTime and transactionId.");

    /// <summary>Positions are counted in 32 bits.</summary>
    public static readonly Error PageTooHigh = ApiErrors.Query(
        "pageNumber", "is too high for that pageSize.",
        "Keep pageNumber times pageSize below 2147483648; a list by cursor has no such limit.");

    public static readonly Error IfMatchNeeded = new(
        ErrorKind.PreconditionRequired, "PRECONDITION_REQUIRED",
        "A patch needs If-Match: the transactionId that the entity must still have, or *.",
        "Read the entity and send its meta.transactionId.");

    public static readonly Error JsonPatch = new(
        ErrorKind.NotSupported, "NOT_IMPLEMENTED", "JSON Patch is not supported.", "Send application/merge-patch+json.");

    public static readonly Error XmlPatch = new(ErrorKind.UnsupportedMedia, "UNSUPPORTED_MEDIA_TYPE", "A merge patch is always JSON.",
        "Use the format JSON in the path.");

    public static readonly Error TooLate = new(
        ErrorKind.RequestTimeout, "TRANSACTION_TIMEOUT",
        "The message did not arrive in full within transactionTimeoutMillis; none of it was saved.",
        "Send it again, with more time.") { Retryable = true };

    public static Error TooManyIds(int max) => new(
        ErrorKind.TooLarge, "BAD_REQUEST", $"At most {max} ids fit in one request.", "Split them over several requests.");

    public const string NotFoundCode = "ENTITY_NOT_FOUND";

    public static Error BadRequest(string message, string? next = null) => ApiErrors.BadRequest(message, next);

    public static readonly Error ModelInJoinedTransaction = new(
        ErrorKind.Conflict, "MODEL_ADMIN_IN_JOINED_TRANSACTION", "Models and workflows cannot be changed inside a transaction.",
        $"Send the request without {RequestHeaders.TransactionToken}.");

    public static readonly Error KeyInJoinedTransaction = new(
        ErrorKind.Invalid, "BAD_REQUEST",
        "A request in a joined transaction cannot have an Idempotency-Key: it is durable only with the transaction.",
        "Omit the key; when a call is retried, the effects of the last try have been undone.");

    public static Error EntityNotFound(string id) => new(ErrorKind.NotFound, NotFoundCode, $"There is no entity {id}.");

    public static Error NotFinished(EntityId id, Guid transaction) => new(
        ErrorKind.NotFound, "ENTITY_NOT_FOUND", $"No run of a workflow on the entity {id} finished in the transaction {transaction}.",
        "The entity's audit trail lists its transactions.");

    public static Error ModelNotFound(ModelKey key) =>
        new(ErrorKind.NotFound, "MODEL_NOT_FOUND", $"There is no model {key}.", "Import a sample of it and lock it, then try again.");

    /// <summary>Says which item of its transaction an error is about.</summary>
    public static Error AtItem(Error error, int index) => error with
    {
        Details = new Dictionary<string, string>(
            error.Details ?? new Dictionary<string, string>()) { ["itemIndex"] = index.ToString(CultureInfo.InvariantCulture) },
    };

    public static Error Modified(EntityId id) => new(
        ErrorKind.PreconditionFailed, ModifiedCode, $"The entity {id} has changed since the transaction that If-Match names.",
        "Read it again, apply the change to the current data, and send that.");

    public static Error ResultLimit(int limit) => new(
        ErrorKind.Invalid, "SEARCH_RESULT_LIMIT", $"More than {limit} entities match.",
        "Narrow the condition, or raise limit (10000 at most).");
}

using System.Globalization;
using Strata.Core;
using Strata.Entities.Json;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>The catalogue of the engine's errors; codes are the entity API's.</summary>
internal static class EngineErrors
{
    public static Error ModelNotFound(ModelKey key) => new(
        ErrorKind.NotFound, "MODEL_NOT_FOUND",
        $"There is no model {Quote.Shorten(key.Name)} in version {key.Version}.",
        "Import a sample of it and lock it, then try again.");

    public static Error ModelNotLocked(ModelKey key) => new(
        ErrorKind.Conflict, "MODEL_NOT_LOCKED",
        $"The model {Quote.Shorten(key.Name)} in version {key.Version} is not locked, so it holds no entities yet.",
        "Lock the model first.");

    public static Error StateUnknown(ModelKey key, string state) => new(
        ErrorKind.Conflict, "STATE_UNKNOWN",
        $"No workflow of {Quote.Shorten(key.Name)} in version {key.Version} has the state {Quote.Shorten(state)}.",
        "Import a workflow that has it, or bring the entity into another state first.");

    public static Error EntityNotFound(EntityId id) => new(ErrorKind.NotFound, "ENTITY_NOT_FOUND", $"There is no entity {id}.");

    public static Error EntityExists(EntityId id) => new(
        ErrorKind.Conflict, "CONFLICT", $"The entity {id} exists already.", "Create it under another id, or update it.");

    public static Error EntityModified(EntityId id, Revision expected) => new(
        ErrorKind.PreconditionFailed, "ENTITY_MODIFIED",
        $"The entity {id} has moved on from revision {expected}.",
        "Read it again, apply the change to what it is now, and send that.");

    public static Error ModifiedDuringCall(EntityId id) => new(
        ErrorKind.PreconditionFailed, "ENTITY_MODIFIED",
        $"The entity {id} was changed while its processor was running; what was committed before the call stays, the answer is dropped.",
        "Read it again and decide what is to be done.");

    public static Error Conflict(EntityId id) => new(
        ErrorKind.Conflict, "CONFLICT",
        $"The entity {id} was changed by someone else at the same time.",
        "Send the request again.") { Retryable = true, Details = new Dictionary<string, string> { ["entityId"] = id.ToString() } };

    public static Error ModelBusy() => new(
        ErrorKind.Conflict, "CONFLICT", "The model is being changed by others at the same time, again and again.",
        "Send the request again.") { Retryable = true };

    public static Error AlreadyCommitted() => new(
        ErrorKind.Conflict, "ALREADY_COMMITTED", "A request with this Idempotency-Key has taken effect already.",
        "Send the request again for its answer.") { Retryable = true };

    public static Error LeaseLost(Fence fence) => new(
        ErrorKind.PreconditionFailed, "LEASE_LOST", $"The lease {fence.Lease} has gone to another holder; nothing was written.",
        "Stop: what was done under the lease is now the other one's.");

    public static Error Duplicate(UniqueClaim claim) => new(
        ErrorKind.Conflict, "UNIQUE_VIOLATION",
        $"Another entity already has {Quote.Shorten(claim.Value)} as its unique key \"{claim.Key}\".",
        "Use another value, or change the entity that has it.");

    public static Error PartlyNullKey(UniqueKeyDefinition key) => InvalidKey(
        key, $"Some fields of the unique key \"{key.Id}\" have values and some do not", "Give all of its fields a value, or none.");

    public static Error NoScalarInKey(UniqueKeyDefinition key) => InvalidKey(
        key, $"A field of the unique key \"{key.Id}\" is an object or an array", "Its fields must be strings, numbers or booleans.");

    public static Error KeyTooLong(UniqueKeyDefinition key) => InvalidKey(
        key, $"The value of the unique key \"{key.Id}\" is longer than {UniqueClaim.ValueBytesMax} bytes", "Shorten it.");

    public static Error DocumentTooLarge(int bytes, int max) => new(
        ErrorKind.TooLarge, "TOO_LARGE", $"The document has {bytes} bytes; at most {max} are kept.",
        "Keep large content elsewhere and point at it.")
    { Details = new Dictionary<string, string> { ["limit"] = max.ToString(CultureInfo.InvariantCulture) } };

    public static Error TransactionTooLarge(string what) => new(
        ErrorKind.TooLarge, "TRANSACTION_TOO_LARGE", $"The transaction holds {what}.", "Do it in several transactions.");

    public static Error TransactionExpired(TimeSpan lifetime) => new(
        ErrorKind.Gone, "TRANSACTION_EXPIRED",
        $"The transaction was open for more than {lifetime.TotalSeconds:0} s and is given up; nothing of it was written.",
        "Begin a new one.");

    public static Error TransactionTimeout() => new(
        ErrorKind.RequestTimeout, "TRANSACTION_TIMEOUT",
        "The transaction was not ready to commit within transactionTimeoutMillis; nothing of it was written.",
        "Send it again, with more time or less to do.") { Retryable = true };

    public static Error ImportInProgress() => new(
        ErrorKind.Conflict, "IMPORT_IN_PROGRESS",
        "An import into this organization is under way: until it is finished, its models and entities cannot be written.",
        "Finish the import by sending the export again (strata entity import), or cancel it with DELETE /api/import; GET /api/import shows its state.");

    public static Error TransactionEnded() => new(
        ErrorKind.NotFound, "TRANSACTION_NOT_FOUND", "The transaction has ended.", "Begin a new one.");

    public static Error EntityInWork(EntityId id) => new(
        ErrorKind.Conflict, "CONFLICT", $"The entity {id} is in the middle of the change that this call is a part of.",
        "Answer the call with what is to become of it, instead of writing it.");

    public static Error NothingToJoin() => new(
        ErrorKind.NotFound, "TRANSACTION_NOT_FOUND", "No transaction with this token exists, or it has ended.",
        "Join only before answering the call that the token came with.");

    public static Error CalloutSuperseded() => new(
        ErrorKind.Gone, "CALLOUT_SUPERSEDED",
        "The call that this request belongs to has ended or was given to another member; the request's work is undone.",
        "Abandon the call: its answer will be ignored.");

    public static Error TooManyJoinedRequests(int max) => new(
        ErrorKind.TooMany, "TOO_MANY_JOINED_REQUESTS", $"More than {max} requests wait for this transaction.",
        "Send them one after another.") { Retryable = true };

    public static Error JoinedTooDeep(int max) => new(
        ErrorKind.Conflict, "JOINED_TOO_DEEP", $"Members have joined each other's calls {max} deep.",
        "Let the members write less of what members are asked about.");

    public static Error CommitInJoinedTransaction(string processor) => new(
        ErrorKind.Conflict, "COMMIT_IN_JOINED_TRANSACTION",
        $"A processor of \"{Quote.Shorten(processor)}\" commits before it is called, which a transaction with several steps or by several hands cannot.",
        "Take that transition outside of the transaction.");

    private static Error InvalidKey(UniqueKeyDefinition key, string what, string nextStep) =>
        new(ErrorKind.Unprocessable, "INVALID_UNIQUE_KEY", what + ".", nextStep)
    { Details = new Dictionary<string, string> { ["key"] = key.Id } };
}

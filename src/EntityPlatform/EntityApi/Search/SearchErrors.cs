using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.EntityApi.Search.Jobs;

namespace Strata.EntityApi.Search;

/// <summary>The errors of search; codes are the contract's.</summary>
internal static class SearchErrors
{
    /// <param name="near">A field that may have been meant; null: none is near.</param>
    public static Error UnknownPath(JsonPath path, string? near) => FieldPath($"The model has no field {path}.", FieldHint(near));

    public static string FieldHint(string? near) => near is null
        ? "Name one of its fields: strata model get MODEL shows them, and so does GET /api/model/export/SIMPLE_VIEW/NAME/VERSION."
        : $"Did you mean {near}?";

    public static Error NoScalar(JsonPath path) => FieldPath($"{path} leads to objects or arrays, which cannot be compared.",
        "Name a field inside, or the elements with [*].");

    public static Error TypeMismatch(JsonPath path, IEnumerable<FieldFamily> families) => new(
        ErrorKind.Invalid, "CONDITION_TYPE_MISMATCH",
        $"The value or the operator does not suit {path}, which holds {string.Join(" or ", families.Where(f => f != FieldFamily.Null).Select(Name))}.");

    /// <param name="why">A sentence.</param>
    /// <param name="meant">A field that may have been meant; null: none is near.</param>
    public static Error BadSort(string sort, string why, string? meant = null) => FieldPath(
        $"sort: \"{sort.Shortened(60)}\" cannot be sorted by. {why}",
        (meant is null ? "" : $"Did you mean {meant}? ")
        + "Write FIELD, FIELD:asc or FIELD:desc with a path to one value, such as total or customer.name:desc, or one of these: "
        + $"{string.Join(", ", ConditionJson.FactNames.Select(f => "@" + f))}.");

    public static Error TooManySortKeys() => FieldPath($"A search has at most {SearchQuery.SortKeysMax} keys to sort by.", null);

    public static Error ResultLimit(int limit) => new(
        ErrorKind.Invalid, "SEARCH_RESULT_LIMIT", $"More than {limit} entities match.",
        "Narrow the condition, raise limit (10000 at most), ask for the first ones (?first=100), or search asynchronously.");

    public static Error UnknownPosition(EntityId id) => new(
        ErrorKind.Invalid, "INVALID_CURSOR", $"No entity {id} of this model was written by that transaction.",
        "Give the id and the transactionId of the last entity that the previous page returned, or start again without after.");

    public static Error JobNotFound(Guid id) => new(
        ErrorKind.NotFound, "SEARCH_JOB_NOT_FOUND", $"The search {id} does not exist, or no longer exists.", "Submit the search again.");

    public static Error NotSuccessful(SearchJob job) =>
        EntityApiErrors.BadRequest(
            $"The search {job.Id} has no results: it is {SearchJobWriter.Name(job.Status)}.", "Wait until its status is SUCCESSFUL.");

    public static Error AlreadyTerminal(SearchJob job) => new(
        ErrorKind.Invalid, "SEARCH_JOB_ALREADY_TERMINAL",
        $"snapshot by id={job.Id} is not running. current status={SearchJobWriter.Name(job.Status)}")
    {
        Details = new Dictionary<string, string> { ["currentStatus"] = SearchJobWriter.Name(job.Status),
            ["snapshotId"] = job.Id.ToString() },
    };

    /// <param name="refused">By the share of the queue: says who uses it.</param>
    public static Error ServerFull(Error refused) =>
        new(ErrorKind.Unavailable, "SEARCH_QUEUE_FULL", refused.Message, "Try again in a moment.") { Retryable = true };

    public static Error TenantFull(int max) => new(
        ErrorKind.Unavailable, "SEARCH_QUEUE_FULL", $"The organization has {max} searches already, results that are kept included.",
        "Wait until one expires, or search directly.") { Retryable = true };

    public static Error BadIndexPath(string path) => FieldPath(
        $"\"{(path.Length <= 60 ? path : path[..60])}\" cannot be indexed.",
        "Name a field by a path of names, such as $.customer.name, without [ ].");

    public static Error TooManyIndexes() => new(
        ErrorKind.TooMany, "INDEX_LIMIT", $"The cloud has {ISearchIndexes.TotalMax} declared indexes, which is the most.",
        "Drop one that is not used: declare fewer paths for a model.");

    private static Error FieldPath(string message, string? next) => new(ErrorKind.Invalid, "INVALID_FIELD_PATH", message, next);

    private static string Name(FieldFamily family) =>
        family switch { FieldFamily.Number => "numbers", FieldFamily.Boolean => "booleans", _ => "text" };
}

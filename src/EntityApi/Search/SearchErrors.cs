using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.EntityApi.Search;

/// <summary>The errors of search; codes are the contract's.</summary>
internal static class SearchErrors
{
    public static Error UnknownPath(JsonPath path) => FieldPath($"The model has no field {path}.", "Export the model to see its fields.");

    public static Error NoScalar(JsonPath path) => FieldPath($"{path} leads to objects or arrays, which compare with nothing.", "Name a field inside, or the elements with [*].");

    public static Error TypeMismatch(JsonPath path, IEnumerable<FieldFamily> families) => new(
        ErrorKind.Invalid, "CONDITION_TYPE_MISMATCH",
        $"The value or the operator does not suit {path}, which holds {string.Join(" or ", families.Where(f => f != FieldFamily.Null).Select(Name))}.");

    public static Error BadSort(string sort) => FieldPath(
        $"\"{(sort.Length <= 60 ? sort : sort[..60])}\" is nothing to sort by.",
        "Write a path to one value, such as total or customer.name:desc, or @ and state, creationDate, lastUpdateTime, transitionForLatestSave, transactionId or id.");

    public static Error TooManySortKeys() => FieldPath($"A search has at most {SearchQuery.SortKeysMax} keys to sort by.", null);

    public static Error ResultLimit(int limit) => new(
        ErrorKind.Invalid, "SEARCH_RESULT_LIMIT", $"More than {limit} entities match.", "Narrow the condition, raise limit (10000 at most), or search asynchronously.");

    private static Error FieldPath(string message, string? next) => new(ErrorKind.Invalid, "INVALID_FIELD_PATH", message, next);

    private static string Name(FieldFamily family) => family switch { FieldFamily.Number => "numbers", FieldFamily.Boolean => "booleans", _ => "text" };
}

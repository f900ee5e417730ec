using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// Keeps conditions away from what a kind never shows (<see cref="Kind.HiddenStatus"/>): who may filter by a value can guess it, letter by
/// letter. For a kind with hidden fields, a condition may only use members that are certainly shown.
/// </summary>
internal static class HiddenFields
{
    private static readonly string[] Shown = ["name", "project", "labels", "spec"];

    /// <summary>The first path that is refused; null if none is.</summary>
    public static JsonPath? Find(Kind kind, Condition condition) => kind.HiddenStatus.Count == 0 ? null : condition switch
    {
        Condition.All all => FindIn(kind, all.Parts),
        Condition.Any any => FindIn(kind, any.Parts),
        Condition.Not not => Find(kind, not.Part),
        Condition.Compare { Field: Field.Path { Value: var path } } => IsShown(kind, path) ? null : path,
        _ => null,
    };

    public static Error Refuse(string parameter, JsonPath path) =>
        ApiErrors.Query(
            parameter, $"must not use {path.Text}: it is not shown.",
            $"Leave {path.Text} out of {parameter}; use fields that answers show.");

    private static JsonPath? FindIn(Kind kind, IReadOnlyList<Condition> parts) =>
        parts.Select(part => Find(kind, part)).FirstOrDefault(found => found is not null);

    /// <summary>Steps by index and wildcard are skipped: a database may treat an object as a list of one.</summary>
    private static bool IsShown(Kind kind, JsonPath path)
    {
        var names = path.Steps.Where(step => step.Name is not null).Select(step => step.Name!).Take(2).ToArray();
        return names is [var root, ..] && Shown.Contains(root) || (names is ["status", var member] && !kind.HiddenStatus.Contains(member));
    }
}

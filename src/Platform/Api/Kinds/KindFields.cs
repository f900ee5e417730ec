using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Strata.Api.Http;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// The fields that a kind's resources can have, by the types of its spec and status, and what is wrong with a condition that names another:
/// it would meet nothing, and a mistake would look like an empty list. Below a member whose type allows anything, every name is a field.
/// </summary>
internal sealed class KindFields
{
    private const int DepthMax = 6;
    private const int PathsMax = 500;
    private const int NearMax = 3;
    private const int SiblingsMax = 20;

    private readonly Kind kind;
    private readonly Lazy<IReadOnlyList<string>> paths;

    public KindFields(Kind kind)
    {
        this.kind = kind;
        paths = new Lazy<IReadOnlyList<string>>(
            () => [.. Below("spec", kind.SpecType, 1).Concat(Below("status", kind.StatusType, 1)).Where(IsShown).Take(PathsMax)]);
    }

    /// <summary>Null: each path of the condition is a field.</summary>
    /// <param name="parameter">Of the query, which holds the condition.</param>
    public Error? Check(string parameter, Condition condition) => condition switch
    {
        Condition.All all => CheckAll(parameter, all.Parts),
        Condition.Any any => CheckAll(parameter, any.Parts),
        Condition.Not not => Check(parameter, not.Part),
        Condition.Compare { Field: Field.Path { Value: var path } } when !IsField(path) => Unknown(parameter, path),
        _ => null,
    };

    private Error? CheckAll(string parameter, IReadOnlyList<Condition> parts) =>
        parts.Select(part => Check(parameter, part)).FirstOrDefault(error => error is not null);

    private bool IsField(JsonPath path) => path.Steps is [{ Name: { } root }, ..] && root switch
    {
        "name" or "project" or "v" => path.Steps.Count == 1,
        "labels" => true,
        "spec" => IsIn(kind.SpecType, path.Steps.Skip(1)),
        "status" => IsIn(kind.StatusType, path.Steps.Skip(1)),
        _ => false,
    };

    private static bool IsIn(Type type, IEnumerable<JsonPath.Step> steps)
    {
        foreach (var step in steps)
        {
            if (Inside(type, step.Name) is not { } next) return false;
            type = next;
        }
        return true;
    }

    /// <summary>The type one step down; null: none. A type that allows anything stays itself.</summary>
    /// <param name="name">Null: an element of a list.</param>
    private static Type? Inside(Type type, string? name)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (IsAnything(type)) return type;
        var info = WireJson.Options.GetTypeInfo(type);
        return info.Kind switch
        {
            JsonTypeInfoKind.Dictionary => info.ElementType,
            JsonTypeInfoKind.Enumerable => name is null ? info.ElementType : null,
            JsonTypeInfoKind.Object => info.Properties.FirstOrDefault(p => p.Name == name)?.PropertyType,
            _ => null,
        };
    }

    /// <summary>Also a type with a converter of its own, about whose members nothing is known.</summary>
    private static bool IsAnything(Type type)
    {
        var info = WireJson.Options.GetTypeInfo(type);
        return info.PolymorphismOptions is not null || (info.Kind == JsonTypeInfoKind.None && !IsScalar(type));
    }

    private static bool IsScalar(Type type) => type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(decimal)
        || type == typeof(DateTimeOffset) || type == typeof(DateTime) || type == typeof(TimeSpan) || type == typeof(Guid)
        || type == typeof(Uri);

    private static IEnumerable<string> Below(string prefix, Type type, int depth)
    {
        var info = WireJson.Options.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
        if (info.Kind != JsonTypeInfoKind.Object || depth > DepthMax) yield break;
        foreach (var property in info.Properties)
        {
            var path = $"{prefix}.{property.Name}";
            yield return path;
            foreach (var inner in Below(path, property.PropertyType, depth + 1)) yield return inner;
        }
    }

    private bool IsShown(string path) => !kind.HiddenStatus.Any(hidden => path == "status." + hidden
        || path.StartsWith($"status.{hidden}.", StringComparison.Ordinal));

    private Error Unknown(string parameter, JsonPath path)
    {
        var field = path.Text.StartsWith("$.", StringComparison.Ordinal) ? path.Text[2..] : path.Text;
        var what = parameter == field ? "is not" : $"names {field.Shortened(80)}, which is not";
        return ApiErrors.Query(parameter, $"{what} a field of {kind.Plural}.", NextStep(field));
    }

    private string NextStep(string field)
    {
        var (parent, step) = DeepestKnown(field);
        var names = NearestWord.To(LastOf(field), paths.Value.Select(LastOf).Distinct(), NearMax);
        var near = NearestWord.To(step, Children(parent), NearMax).Select(child => $"{parent}.{child}")
            .Concat(names.SelectMany(name => paths.Value.Where(p => LastOf(p) == name)))
            .Concat(parent.Length == 0 ? NearestWord.To(field, paths.Value, NearMax) : []).Distinct().Take(NearMax).ToList();
        if (near.Count > 0) return $"Did you mean {string.Join(" or ", near)}?";
        if (parent.Length == 0) return "Fields begin with spec, status or labels; name and project are fields too.";
        var children = Children(parent);
        var more = children.Count > SiblingsMax ? " and more" : "";
        return $"The fields of {parent} are {string.Join(", ", children.Take(SiblingsMax))}{more}.";
    }

    private static string LastOf(string path) => path[(path.LastIndexOf('.') + 1)..];

    /// <summary>The longest beginning that has fields, and the step behind it; empty where not even the first step is known.</summary>
    private (string Parent, string Step) DeepestKnown(string field)
    {
        for (var end = field.LastIndexOf('.'); end > 0; end = field.LastIndexOf('.', end - 1))
        {
            if (Children(field[..end]).Count > 0) return (field[..end], field[(end + 1)..].Split('.')[0]);
        }
        return ("", field);
    }

    private List<string> Children(string parent) =>
        [.. paths.Value.Where(p => p.Length > parent.Length && p.StartsWith(parent + ".", StringComparison.Ordinal)
            && !p[(parent.Length + 1)..].Contains('.', StringComparison.Ordinal)).Select(p => p[(parent.Length + 1)..])];
}

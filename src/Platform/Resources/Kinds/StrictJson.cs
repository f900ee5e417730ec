using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Strata.Core;

namespace Strata.Resources.Kinds;

/// <summary>
/// Reads JSON into a type without forgiving anything: unknown members, missing ones, nulls where there can be none and values of another
/// type are faults, and all of them are found, each with its path. (The serializer alone stops at the first and ignores what it does not
/// know.)
/// </summary>
public static class StrictJson
{
    /// <summary>Enough to fix at a time; hostile input could have many more.</summary>
    public const int FaultsMax = 50;

    /// <param name="path">Of the value itself; faults' fields start with it.</param>
    public static bool TryRead<T>(JsonElement json, string path, List<ValidationError> faults, [MaybeNullWhen(false)] out T value)
    {
        var before = faults.Count;
        Check(json, WireJson.Of<T>(), path, faults);
        value = faults.Count == before ? Read<T>(json, path, faults) : default;
        return faults.Count == before;
    }

    private static T? Read<T>(JsonElement json, string path, List<ValidationError> faults)
    {
        try
        {
            return json.Deserialize(WireJson.Of<T>());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            faults.Add(new ValidationError(path, "The value does not fit."));
            return default;
        }
    }

    private static void Check(JsonElement json, JsonTypeInfo type, string path, List<ValidationError> faults)
    {
        if (faults.Count >= FaultsMax) return;
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object:
                CheckObject(json, type, path, faults);
                break;
            case JsonTypeInfoKind.Dictionary:
                CheckDictionary(json, type, path, faults);
                break;
            case JsonTypeInfoKind.Enumerable:
                CheckList(json, type, path, faults);
                break;
            default:
                CheckValue(json, type, path, faults);
                break;
        }
    }

    private static void CheckObject(JsonElement json, JsonTypeInfo type, string path, List<ValidationError> faults)
    {
        if (!Expect(json, JsonValueKind.Object, "an object", path, faults)) return;
        foreach (var member in json.EnumerateObject())
        {
            var at = $"{path}.{member.Name.Shortened(40)}";
            if (type.Properties.FirstOrDefault(p => p.Name == member.Name) is not { } property)
                faults.Add(new ValidationError(at, Unknown(type)));
            else CheckMember(member.Value, property, at, faults);
            if (faults.Count >= FaultsMax) return;
        }
        var missing = type.Properties.Where(p => IsRequired(p) && !json.TryGetProperty(p.Name, out _));
        faults.AddRange(missing.Select(p => new ValidationError($"{path}.{p.Name}", "It is required.")));
    }

    private static void CheckMember(JsonElement json, JsonPropertyInfo property, string path, List<ValidationError> faults)
    {
        if (json.ValueKind != JsonValueKind.Null) Check(json, property.Options.GetTypeInfo(property.PropertyType), path, faults);
        else if (!IsNullable(property)) faults.Add(new ValidationError(path, "It must not be null; leave it out for its default."));
    }

    private static void CheckDictionary(JsonElement json, JsonTypeInfo type, string path, List<ValidationError> faults)
    {
        if (!Expect(json, JsonValueKind.Object, "an object", path, faults)) return;
        var element = type.Options.GetTypeInfo(type.ElementType!);
        foreach (var member in json.EnumerateObject()) CheckElement(member.Value, element, $"{path}.{member.Name.Shortened(40)}", faults);
    }

    private static void CheckList(JsonElement json, JsonTypeInfo type, string path, List<ValidationError> faults)
    {
        if (!Expect(json, JsonValueKind.Array, "a list", path, faults)) return;
        var element = type.Options.GetTypeInfo(type.ElementType!);
        var index = 0;
        foreach (var item in json.EnumerateArray()) CheckElement(item, element, $"{path}[{index++}]", faults);
    }

    private static void CheckElement(JsonElement json, JsonTypeInfo type, string path, List<ValidationError> faults)
    {
        if (json.ValueKind == JsonValueKind.Null) faults.Add(new ValidationError(path, "It must not be null."));
        else Check(json, type, path, faults);
    }

    private static void CheckValue(JsonElement json, JsonTypeInfo type, string path, List<ValidationError> faults)
    {
        try
        {
            json.Deserialize(type);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            faults.Add(new ValidationError(path, $"It must be {Describe(type.Type)}."));
        }
    }

    private static bool Expect(JsonElement json, JsonValueKind kind, string what, string path, List<ValidationError> faults)
    {
        if (json.ValueKind == kind) return true;
        faults.Add(new ValidationError(path, $"It must be {what}."));
        return false;
    }

    private static bool IsRequired(JsonPropertyInfo property) =>
        property.IsRequired || property.AssociatedParameter is { HasDefaultValue: false, IsNullable: false, IsMemberInitializer: false };

    private static bool IsNullable(JsonPropertyInfo property) => property.AssociatedParameter?.IsNullable ?? property.IsSetNullable;

    private static string Unknown(JsonTypeInfo type) =>
        type.Properties.Count == 0 
            ? "Unknown field; no fields are allowed here."
            : $"Unknown field. Allowed: {string.Join(", ", type.Properties.Select(p => p.Name))}.";

    private static string Describe(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum) return "one of " + string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName));
        return Type.GetTypeCode(type) switch
        {
            TypeCode.String => "a text",
            TypeCode.Boolean => "true or false",
            TypeCode.Int32 or TypeCode.Int64 or TypeCode.Int16 or TypeCode.Byte => "a whole number in range",
            TypeCode.Double or TypeCode.Single or TypeCode.Decimal => "a number",
            _ when type == typeof(DateTimeOffset) => "a time such as 2026-01-31T12:00:00Z",
            _ => "a value of the right form",
        };
    }
}

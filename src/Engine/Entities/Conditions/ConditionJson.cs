using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;

namespace Strata.Entities.Conditions;

/// <summary>
/// The entity API's JSON of conditions: <c>simple</c> {jsonPath, operatorType, value}, <c>lifecycle</c> {field, operatorType, value},
/// <c>group</c> {operator AND | OR | NOT, conditions} and <c>array</c> {jsonPath, values[]}, which is read as a group. Reads the older
/// names <c>operator</c> and <c>operation</c> of operatorType; writes one canonical form, which reads back to the same condition. What is
/// not such a condition is an INVALID_CONDITION that names every offender. Stateless.
/// </summary>
public static class ConditionJson
{
    /// <summary>Of groups within groups.</summary>
    public const int DepthMax = 50;

    /// <summary>Conditions and constants together.</summary>
    public const int PartsMax = 2_000;

    /// <summary>Of one constant, as JSON.</summary>
    public const int ConstantBytesMax = 16 * 1024;

    public static Result<Condition> Parse(JsonText json)
    {
        if (JsonGuard.Check(json.Utf8, "The condition").Error is { } malformed)
            return new Error(ErrorKind.Invalid, "INVALID_CONDITION", malformed.Message, malformed.NextStep);
        using var document = json.Parse();
        return Parse(document.RootElement);
    }

    public static Result<Condition> Parse(JsonElement json)
    {
        var faults = new Faults();
        var condition = new ConditionReader(faults).Read(json, "$");
        return faults.Any || condition is null
            ? faults.ToError("INVALID_CONDITION", "Send a condition of type simple, lifecycle, group or array.")
            : condition;
    }

    /// <summary>Of the facts that are the same for every entity.</summary>
    public static IEnumerable<string> FactNames => Enum.GetValues<MetaField>().Select(ConditionNames.Of);

    /// <summary>A fact about an entity by its name, for example <c>creationDate</c>.</summary>
    public static bool TryFindFact(string name, out MetaField fact) => ConditionNames.TryFind(name, out fact);

    public static JsonText Write(Condition condition)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer)) Write(writer, condition);
        return new JsonText(buffer.WrittenMemory);
    }

    public static void Write(Utf8JsonWriter writer, Condition condition)
    {
        writer.WriteStartObject();
        switch (condition)
        {
            case Condition.All all: WriteGroup(writer, "AND", all.Parts); break;
            case Condition.Any any: WriteGroup(writer, "OR", any.Parts); break;
            case Condition.Not not: WriteGroup(writer, "NOT", [not.Part]); break;
            case Condition.Compare compare: WriteComparison(writer, compare); break;
        }
        writer.WriteEndObject();
    }

    private static void WriteGroup(Utf8JsonWriter writer, string @operator, IReadOnlyList<Condition> parts)
    {
        writer.WriteString("type", "group");
        writer.WriteString("operator", @operator);
        writer.WriteStartArray("conditions");
        foreach (var part in parts) Write(writer, part);
        writer.WriteEndArray();
    }

    private static void WriteComparison(Utf8JsonWriter writer, Condition.Compare compare)
    {
        switch (compare.Field)
        {
            case Field.Path path:
                writer.WriteString("type", "simple");
                writer.WriteString("jsonPath", path.Value.Text);
                break;
            case Field.Meta meta:
                writer.WriteString("type", "lifecycle");
                writer.WriteString("field", ConditionNames.Of(meta.Value));
                break;
        }
        writer.WriteString("operatorType", ConditionNames.Of(compare.Operator));
        WriteConstants(writer, compare);
    }

    private static void WriteConstants(Utf8JsonWriter writer, Condition.Compare compare)
    {
        switch (ConditionNames.ConstantsOf(compare.Operator))
        {
            case ConstantCount.None:
                break;
            case ConstantCount.One:
                writer.WritePropertyName("value");
                writer.WriteRawValue(compare.Values[0].Utf8.Span);
                break;
            default:
                writer.WriteStartArray("value");
                foreach (var value in compare.Values) writer.WriteRawValue(value.Utf8.Span);
                writer.WriteEndArray();
                break;
        }
    }
}

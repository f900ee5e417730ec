using System.Text;
using System.Text.Json;
using Strata.Core;

namespace Strata.Entities.Definitions.Structures;

/// <summary>
/// A structure made ready to answer fast whether a document fits: one pass over its text, without allocating where names have no escapes.
/// Fields may be missing and every value may be null. Immutable.
/// </summary>
internal sealed class StructureCheck
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = JsonGuard.DepthMax };

    private readonly TypeSet types;
    private readonly bool isObject;
    private readonly byte[][] names;
    private readonly StructureCheck[] fields;
    private readonly StructureCheck? element;

    public StructureCheck(ModelStructure structure)
    {
        (types, isObject, Places) = (structure.Types, structure.IsObject, structure.Places);
        names = [.. structure.Fields.Keys.Select(Encoding.UTF8.GetBytes)];
        fields = [.. structure.Fields.Values.Select(field => new StructureCheck(field))];
        Array.Sort(names, fields, Comparer<byte[]>.Create((a, b) => Compare(a, b)));
        element = structure.Element is null ? null : new StructureCheck(structure.Element);
    }

    /// <summary>How many the structure has.</summary>
    public int Places { get; }

    /// <param name="utf8">Well-formed JSON.</param>
    public bool Fits(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, Options);
        reader.Read();
        return reader.TokenType == JsonTokenType.StartObject && Fits(ref reader);
    }

    /// <summary>Checks the value at the reader's position and leaves the reader on the value's last token.</summary>
    private bool Fits(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => isObject && FieldsFit(ref reader),
        JsonTokenType.StartArray => element is not null && element.AllFit(ref reader),
        JsonTokenType.String => types.Has(DataType.String) || TextFits(ref reader),
        JsonTokenType.Number => NumberTypes.Hold(types, reader.ValueSpan),
        JsonTokenType.True or JsonTokenType.False => types.Has(DataType.Boolean),
        _ => true,
    };

    private bool FieldsFit(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var at = reader.ValueIsEscaped ? Find(Encoding.UTF8.GetBytes(reader.GetString()!)) : Find(reader.ValueSpan);
            if (at < 0) return false;
            reader.Read();
            if (!fields[at].Fits(ref reader)) return false;
        }
        return true;
    }

    private bool AllFit(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (!Fits(ref reader)) return false;
        }
        return true;
    }

    private bool TextFits(ref Utf8JsonReader reader) =>
        TextTypes.Hold(types, reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan);

    private int Find(ReadOnlySpan<byte> name)
    {
        var (from, to) = (0, names.Length - 1);
        while (from <= to)
        {
            var middle = (from + to) >>> 1;
            var order = Compare(names[middle], name);
            if (order == 0) return middle;
            if (order < 0) from = middle + 1;
            else to = middle - 1;
        }
        return -1;
    }

    // By length first, so that most comparisons look at no bytes.
    private static int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => a.Length != b.Length
        ? a.Length - b.Length : a.SequenceCompareTo(b);
}

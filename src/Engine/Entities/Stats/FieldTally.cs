using System.Text.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Stats;

/// <summary>Adds up one field in memory.</summary>
internal sealed class FieldTally
{
    private long count;
    private ExactDecimal sum;
    private ExactDecimal squares;
    private ExactDecimal min;
    private ExactDecimal max;
    private string? minText;
    private string? maxText;

    public void Add(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Number) Add(ExactDecimal.Parse(value.GetRawText()));
        else if (value.ValueKind == JsonValueKind.String) Add(value.GetString()!);
    }

    public FieldSums ToSums() => count == 0
        ? new FieldSums(0, null, null, null, null, minText, maxText)
        : new FieldSums(count, sum.ToString(), squares.ToString(), min.ToString(), max.ToString(), minText, maxText);

    private void Add(ExactDecimal number)
    {
        (sum, squares) = (sum + number, squares + (number * number));
        if (count == 0 || number.CompareTo(min) < 0) min = number;
        if (count == 0 || number.CompareTo(max) > 0) max = number;
        count++;
    }

    private void Add(string text)
    {
        if (minText is null || CompareByCodePoint(text, minText) < 0) minText = text;
        if (maxText is null || CompareByCodePoint(text, maxText) > 0) maxText = text;
    }

    // UTF-16 puts what needs surrogates before the end of the basic plane; UTF-8 bytes are in code point order.
    private static int CompareByCodePoint(string a, string b) =>
        System.Text.Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(b));
}

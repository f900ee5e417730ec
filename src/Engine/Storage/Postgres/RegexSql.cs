using System.Globalization;
using Strata.Entities.Conditions;

namespace Strata.Storage.Postgres;

/// <summary>
/// Writes a regular expression in PostgreSQL's language. Every character is written by its number, so that none is taken for an operator.
/// </summary>
internal static class RegexSql
{
    public static string Write(RegularExpression expression) => $"^(?:{Write(expression.Root)})$";

    private static string Write(RegexNode node) => node switch
    {
        RegexNode.Set set => $"[{string.Concat(set.Ranges.Select(Range))}]",
        RegexNode.Sequence sequence => string.Concat(sequence.Parts.Select(Part)),
        RegexNode.Choice choice => string.Join('|', choice.Parts.Select(Write)),
        RegexNode.Repeat repeat => $"(?:{Write(repeat.Part)}){Counts(repeat)}",
        RegexNode.Start => "^",
        RegexNode.End => "$",
        _ => throw new ArgumentException($"Unknown part {node}.", nameof(node)),
    };

    private static string Part(RegexNode node) => node is RegexNode.Choice or RegexNode.Sequence ? $"(?:{Write(node)})" : Write(node);

    private static string Counts(RegexNode.Repeat repeat) => string.Create(CultureInfo.InvariantCulture, $"{{{repeat.Min},{repeat.Max}}}");

    private static string Range((int First, int Last) range) => range.First == range.Last
        ? Character(range.First) : $"{Character(range.First)}-{Character(range.Last)}";

    private static string Character(int code) => code <= 0xFFFF
        ? string.Create(CultureInfo.InvariantCulture, $"\\u{code:X4}")
        : string.Create(CultureInfo.InvariantCulture, $"\\U{code:X8}");
}

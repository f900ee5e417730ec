namespace Strata.Entities.Conditions;

/// <summary>Sets of characters of regular expressions. Classes such as \d mean ASCII, as RE2 has it.</summary>
internal static class RegexSets
{
    private const int Last = 0x10FFFF;

    public static readonly RegexNode.Set AnyButNewline = Of([('\n', '\n')], isNegated: true);

    /// <summary>What <c>\d</c>, <c>\w</c>, <c>\s</c> and, in capitals, all but those stand for; null for another letter.</summary>
    public static RegexNode.Set? Class(int letter) => letter switch
    {
        'd' or 'D' => Of([('0', '9')], letter == 'D'),
        'w' or 'W' => Of([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')], letter == 'W'),
        's' or 'S' => Of([('\t', '\n'), ('\f', '\r'), (' ', ' ')], letter == 'S'),
        _ => null,
    };

    public static RegexNode.Set One(int character) => Of([(character, character)]);

    /// <summary>Puts ranges in order, joins those that touch, and leaves out what cannot stand in a text.</summary>
    public static RegexNode.Set Of(IEnumerable<(int First, int Last)> ranges, bool isNegated = false)
    {
        var joined = Join(ranges);
        if (isNegated) joined = Complement(joined);
        return new RegexNode.Set([.. joined.SelectMany(WithoutSurrogates)]);
    }

    private static List<(int First, int Last)> Join(IEnumerable<(int First, int Last)> ranges)
    {
        var joined = new List<(int First, int Last)>();
        foreach (var range in ranges.Order())
        {
            if (joined.Count > 0 && range.First <= joined[^1].Last + 1)
                joined[^1] = (joined[^1].First, Math.Max(joined[^1].Last, range.Last));
            else joined.Add(range);
        }
        return joined;
    }

    private static List<(int First, int Last)> Complement(List<(int First, int Last)> ranges)
    {
        var gaps = new List<(int First, int Last)>();
        var next = 1;
        foreach (var (first, last) in ranges)
        {
            if (first > next) gaps.Add((next, first - 1));
            next = last + 1;
        }
        if (next <= Last) gaps.Add((next, Last));
        return gaps;
    }

    private static IEnumerable<(int First, int Last)> WithoutSurrogates((int First, int Last) range)
    {
        if (range.First < 0xD800) yield return (Math.Max(1, range.First), Math.Min(range.Last, 0xD7FF));
        if (range.Last > 0xDFFF) yield return (Math.Max(range.First, 0xE000), range.Last);
    }
}

using System.Globalization;
using System.Text;

namespace Strata.Entities.Conditions;

/// <summary>Reads a regular expression by recursive descent. For one expression and one thread.</summary>
internal sealed class RegexReader(string text)
{
    private readonly int[] characters = [.. text.EnumerateRunes().Select(rune => rune.Value)];
    private int at;
    private int depth;
    private string? fault;

    private int Current => at < characters.Length ? characters[at] : -1;

    /// <returns>Null where there is a fault.</returns>
    public RegexNode? Read(out string? fault)
    {
        var root = ReadChoice();
        if (root is not null && at < characters.Length) Fail("A ) has no ( before it.");
        fault = this.fault;
        return fault is null ? root : null;
    }

    private RegexNode? ReadChoice()
    {
        if (++depth > RegularExpression.DepthMax) return Fail($"Groups are at most {RegularExpression.DepthMax} deep.");
        var parts = new List<RegexNode>();
        do
        {
            if (ReadSequence() is not { } part) return null;
            parts.Add(part);
        }
        while (TryTake('|'));
        depth--;
        return parts is [var only] ? only : new RegexNode.Choice(parts);
    }

    private RegexNode? ReadSequence()
    {
        var parts = new List<RegexNode>();
        while (Current is not (-1 or '|' or ')'))
        {
            if (ReadAtom() is not { } atom || ReadRepeat(atom) is not { } part) return null;
            parts.Add(part);
        }
        return parts is [var only] ? only : new RegexNode.Sequence(parts);
    }

    private RegexNode? ReadAtom()
    {
        var character = characters[at++];
        return character switch
        {
            '(' => ReadGroup(),
            '[' => ReadSet(),
            '.' => RegexSets.AnyButNewline,
            '^' => new RegexNode.Start(),
            '$' => new RegexNode.End(),
            '\\' => ReadEscape(),
            '*' or '+' or '?' => Fail($"There is nothing that {(char)character} could repeat."),
            _ => RegexSets.One(character),
        };
    }

    private RegexNode? ReadGroup()
    {
        if (TryTake('?') && !TryTake(':')) return Fail("Of the groups that begin with (? only (?: is known.");
        if (ReadChoice() is not { } inside) return null;
        return TryTake(')') ? inside : Fail("A ( has no matching ).");
    }

    private RegexNode? ReadRepeat(RegexNode part)
    {
        var (min, max) = (1, (int?)1);
        if (TryTake('*')) (min, max) = (0, null);
        else if (TryTake('+')) (min, max) = (1, null);
        else if (TryTake('?')) (min, max) = (0, 1);
        else if (!TryTakeCounts(ref min, ref max)) return part;
        TryTake('?'); // lazy or not, the whole text matches or does not
        if (part is RegexNode.Start or RegexNode.End) return Fail("^ and $ cannot be repeated.");
        if (min > (max ?? min) || Math.Max(min, max ?? 0) > RegularExpression.RepeatMax)
            return Fail($"Repetitions go from 0 to {RegularExpression.RepeatMax}.");
        if (Current is '*' or '+' or '?') return Fail("A repetition cannot be repeated without a group.");
        return new RegexNode.Repeat(part, min, max);
    }

    /// <summary>{n}, {n,} or {n,m}; any other { is a character.</summary>
    private bool TryTakeCounts(ref int min, ref int? max)
    {
        if (Current != '{' || Array.IndexOf(characters, '}', at) is not (> 0 and var close) || close - at > 12) return false;
        var inside = string.Concat(characters[(at + 1)..close].Select(c => new Rune(c).ToString()));
        var counts = inside.Split(',');
        if (counts.Length > 2 || !TryCount(counts[0], out var low)) return false;
        var high = low;
        if (counts.Length == 2 && counts[1].Length > 0 && !TryCount(counts[1], out high)) return false;
        (min, max) = (low, counts is [_, ""] ? null : high);
        at = close + 1;
        return true;
    }

    private static bool TryCount(string digits, out int count) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out count);

    private RegexNode? ReadEscape()
    {
        if (at == characters.Length) return Fail("It ends with a lone backslash.");
        return RegexSets.Class(Current) is { } set ? Take(set) : ReadEscapedCharacter() is { } character ? RegexSets.One(character) : null;
    }

    private RegexNode.Set Take(RegexNode.Set set)
    {
        at++;
        return set;
    }

    private int? ReadEscapedCharacter()
    {
        if (at == characters.Length) { Fail("It ends with a lone backslash."); return null; }
        var character = characters[at++];
        if (character is 't' or 'n' or 'r' or 'f' or 'v') return "\t\n\r\f\v"["tnrfv".IndexOf((char)character, StringComparison.Ordinal)];
        if (character < 128 && !char.IsAsciiLetterOrDigit((char)character)) return character;
        Fail($"\\{new Rune(character)} is not known.");
        return null;
    }

    private RegexNode? ReadSet()
    {
        var isNegated = TryTake('^');
        var ranges = new List<(int First, int Last)>();
        for (var isFirst = true; isFirst || Current != ']'; isFirst = false)
        {
            if (Current == -1) return Fail("A [ has no matching ].");
            if (Current == '[' && at + 1 < characters.Length && characters[at + 1] is ':' or '.' or '=')
                return Fail("Named classes in sets are not known.");
            if (Current == '\\' && at + 1 < characters.Length && RegexSets.Class(characters[at + 1]) is { } known)
            {
                ranges.AddRange(known.Ranges);
                at += 2;
            }
            else if (ReadRange() is { } range) ranges.Add(range);
            else return null;
        }
        at++;
        var set = RegexSets.Of(ranges, isNegated);
        return set.Ranges.Count > 0 ? set : Fail("A set has no character.");
    }

    private (int First, int Last)? ReadRange()
    {
        if (ReadSetCharacter() is not { } first) return null;
        if (Current != '-' || at + 1 >= characters.Length || characters[at + 1] == ']') return (first, first);
        at++;
        if (ReadSetCharacter() is not { } last) return null;
        if (last >= first) return (first, last);
        Fail("A range in a set runs backwards.");
        return null;
    }

    private int? ReadSetCharacter()
    {
        if (Current == -1) { Fail("A [ has no matching ]."); return null; }
        return TryTake('\\') ? ReadEscapedCharacter() : characters[at++];
    }

    private bool TryTake(char character)
    {
        if (Current != character) return false;
        at++;
        return true;
    }

    private RegexNode? Fail(string message)
    {
        fault ??= message;
        return null;
    }
}

namespace Strata.Entities.Conditions;

/// <summary>A part of a <see cref="RegularExpression"/>. Closed.</summary>
public abstract record RegexNode
{
    private RegexNode() { }

    /// <summary>How many steps a matcher needs for it, repetitions written out.</summary>
    public abstract long Size { get; }

    /// <summary>
    /// One character of these ranges of code points, which are in order, apart from each other, and hold neither NUL nor surrogates.
    /// </summary>
    public sealed record Set(IReadOnlyList<(int First, int Last)> Ranges) : RegexNode
    {
        public override long Size => 1 + Ranges.Count / 16;

        public bool Contains(int character)
        {
            foreach (var (first, last) in Ranges)
            {
                if (character <= last) return character >= first;
            }
            return false;
        }
    }

    /// <summary>One behind the other; empty: no text.</summary>
    public sealed record Sequence(IReadOnlyList<RegexNode> Parts) : RegexNode
    {
        public override long Size { get; } = 1 + Parts.Sum(part => part.Size);
    }

    /// <summary>Any one of them.</summary>
    public sealed record Choice(IReadOnlyList<RegexNode> Parts) : RegexNode
    {
        public override long Size { get; } = 2 * Parts.Count + Parts.Sum(part => part.Size);
    }

    /// <param name="Max">Null: any number.</param>
    public sealed record Repeat(RegexNode Part, int Min, int? Max) : RegexNode
    {
        public override long Size { get; } = (Part.Size + 2) * (Max ?? Min + 1);
    }

    /// <summary>The start of the text.</summary>
    public sealed record Start : RegexNode
    {
        public override long Size => 1;
    }

    /// <summary>The end of the text.</summary>
    public sealed record End : RegexNode
    {
        public override long Size => 1;
    }
}

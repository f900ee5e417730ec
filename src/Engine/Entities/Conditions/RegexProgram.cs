using System.Text;

namespace Strata.Entities.Conditions;

/// <summary>
/// A matcher that goes through the text once and holds every place in the expression where it may be, so that no expression makes it slow.
/// Immutable.
/// </summary>
internal sealed class RegexProgram
{
    private readonly List<Instruction> code = [];

    public RegexProgram(RegexNode root)
    {
        Emit(root);
        code.Add(new Instruction(Kind.Match));
    }

    private enum Kind
    {
        Set,
        Split,
        Jump,
        Start,
        End,
        Match,
    }

    public bool IsMatch(ReadOnlySpan<byte> text)
    {
        var (current, next) = (new Places(code.Count), new Places(code.Count));
        Add(current, 0, isStart: true, isEnd: text.IsEmpty);
        while (!text.IsEmpty && current.Count > 0)
        {
            Rune.DecodeFromUtf8(text, out var rune, out var used);
            text = text[used..];
            for (var i = 0; i < current.Count; i++)
            {
                var place = current[i];
                if (code[place].Set?.Contains(rune.Value) == true) Add(next, place + 1, isStart: false, isEnd: text.IsEmpty);
            }
            (current, next) = (next, current);
            next.Clear();
        }
        return text.IsEmpty && current.Contains(code.Count - 1);
    }

    private void Add(Places places, int place, bool isStart, bool isEnd)
    {
        if (!places.Add(place)) return;
        var instruction = code[place];
        switch (instruction.Kind)
        {
            case Kind.Jump: Add(places, instruction.Target, isStart, isEnd); break;
            case Kind.Start when isStart: Add(places, place + 1, isStart, isEnd); break;
            case Kind.End when isEnd: Add(places, place + 1, isStart, isEnd); break;
            case Kind.Split:
                Add(places, place + 1, isStart, isEnd);
                Add(places, instruction.Target, isStart, isEnd);
                break;
        }
    }

    private void Emit(RegexNode node)
    {
        switch (node)
        {
            case RegexNode.Set set: code.Add(new Instruction(Kind.Set) { Set = set }); break;
            case RegexNode.Start: code.Add(new Instruction(Kind.Start)); break;
            case RegexNode.End: code.Add(new Instruction(Kind.End)); break;
            case RegexNode.Sequence sequence: foreach (var part in sequence.Parts) Emit(part); break;
            case RegexNode.Choice choice: EmitChoice(choice); break;
            case RegexNode.Repeat repeat: EmitRepeat(repeat); break;
        }
    }

    private void EmitChoice(RegexNode.Choice choice)
    {
        var ends = new List<int>();
        for (var i = 0; i < choice.Parts.Count; i++)
        {
            var isLast = i == choice.Parts.Count - 1;
            var split = code.Count;
            if (!isLast) code.Add(new Instruction(Kind.Split));
            Emit(choice.Parts[i]);
            if (isLast) break;
            ends.Add(code.Count);
            code.Add(new Instruction(Kind.Jump));
            code[split] = new Instruction(Kind.Split) { Target = code.Count };
        }
        foreach (var end in ends) code[end] = new Instruction(Kind.Jump) { Target = code.Count };
    }

    private void EmitRepeat(RegexNode.Repeat repeat)
    {
        for (var i = 0; i < repeat.Min; i++) Emit(repeat.Part);
        if (repeat.Max is not { } max) EmitOptional(repeat.Part, isLoop: true);
        for (var i = repeat.Min; i < repeat.Max; i++) EmitOptional(repeat.Part, isLoop: false);
    }

    private void EmitOptional(RegexNode part, bool isLoop)
    {
        var split = code.Count;
        code.Add(new Instruction(Kind.Split));
        Emit(part);
        if (isLoop) code.Add(new Instruction(Kind.Jump) { Target = split });
        code[split] = new Instruction(Kind.Split) { Target = code.Count };
    }

    private readonly record struct Instruction(Kind Kind)
    {
        public int Target { get; init; }
        public RegexNode.Set? Set { get; init; }
    }

    /// <summary>Places in the code, each once, in the order in which they were found.</summary>
    private sealed class Places(int size)
    {
        private readonly int[] found = new int[size];
        private readonly bool[] isIn = new bool[size];

        public int Count { get; private set; }

        public int this[int i] => found[i];

        public bool Contains(int place) => isIn[place];

        public bool Add(int place)
        {
            if (isIn[place]) return false;
            isIn[place] = true;
            found[Count++] = place;
            return true;
        }

        public void Clear()
        {
            for (var i = 0; i < Count; i++) isIn[found[i]] = false;
            Count = 0;
        }
    }
}

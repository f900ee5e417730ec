namespace Strata.Core;

/// <summary>
/// Finds a name that occurs twice in one object while a JSON text is read. Nearly every object has few names without escapes, and those are
/// compared in place in the text; objects of many names, or of escaped ones, take a set.
/// </summary>
internal ref struct UniqueNames(ReadOnlySpan<byte> utf8)
{
    private const int ComparedMax = 16;

    private readonly ReadOnlySpan<byte> utf8 = utf8;
    private readonly Stack<Level> outer = new();
    private readonly List<Range> names = [];
    private Level level;

    public void BeginObject()
    {
        outer.Push(level);
        level = new Level(names.Count, null);
    }

    public void EndObject()
    {
        names.RemoveRange(level.First, names.Count - level.First);
        level = outer.Pop();
    }

    /// <summary>False: the object has that name already.</summary>
    /// <param name="start">Position of its first byte, after the quote.</param>
    /// <param name="escaped">The unescaped name, if it has escapes; null: it has none.</param>
    public bool TryAdd(int start, int length, string? escaped)
    {
        if (level.Set is null && escaped is null && names.Count - level.First < ComparedMax) return TryCompare(start, length);
        level = level with { Set = level.Set ?? ToSet() };
        return level.Set.Add(escaped ?? System.Text.Encoding.UTF8.GetString(utf8.Slice(start, length)));
    }

    private readonly bool TryCompare(int start, int length)
    {
        var name = utf8.Slice(start, length);
        for (var i = level.First; i < names.Count; i++)
        {
            if (utf8[names[i]].SequenceEqual(name)) return false;
        }
        names.Add(new Range(start, start + length));
        return true;
    }

    private readonly HashSet<string> ToSet()
    {
        var set = new HashSet<string>(StringComparer.Ordinal);
        for (var i = level.First; i < names.Count; i++) set.Add(System.Text.Encoding.UTF8.GetString(utf8[names[i]]));
        return set;
    }

    private readonly record struct Level(int First, HashSet<string>? Set);
}

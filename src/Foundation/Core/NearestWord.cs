namespace Strata.Core;

/// <summary>What someone probably meant who wrote a word that is not known.</summary>
public static class NearestWord
{
    private const int WordLengthMax = 60;

    /// <summary>Known words that are compared at most.</summary>
    private const int KnownMax = 2_000;

    /// <summary>
    /// The known word with the fewest letters to change (inserted, left out, replaced, or two swapped; case does not count), if they are at
    /// most a third of the word; otherwise null.
    /// </summary>
    public static string? To(string word, IEnumerable<string> known) => To(word, known, 1) is [var nearest] ? nearest : null;

    /// <summary>As <see cref="To(string,IEnumerable{string})"/>, up to <paramref name="count"/> of them, the nearest first.</summary>
    public static IReadOnlyList<string> To(string word, IEnumerable<string> known, int count)
    {
        if (word.Length > WordLengthMax) return [];
        var lower = word.ToLowerInvariant();
        var farthest = Math.Max(1, word.Length / 3);
        return [.. known.Take(KnownMax).Where(k => Math.Abs(k.Length - word.Length) <= farthest)
            .Select(k => (Word: k, Distance: Distance(lower, k.ToLowerInvariant()))).Where(k => k.Distance <= farthest)
            .OrderBy(k => k.Distance).Take(count).Select(k => k.Word)];
    }

    /// <summary>Optimal string alignment distance.</summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }
}

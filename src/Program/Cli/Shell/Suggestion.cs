namespace Strata.Cli.Shell;

/// <summary>What someone probably meant who wrote a word that is not known.</summary>
internal static class Suggestion
{
    private const int WordLengthMax = 40;

    /// <summary>
    /// The known word with the fewest letters to change (inserted, left out, replaced, or two swapped), if they are at most a third of
    /// the word; otherwise null.
    /// </summary>
    public static string? For(string word, IEnumerable<string> known)
    {
        if (word.Length > WordLengthMax) return null;
        var nearest = known.Select(k => (Word: k, Distance: Distance(word.ToLowerInvariant(), k))).OrderBy(k => k.Distance)
            .FirstOrDefault();
        return nearest.Word is not null && nearest.Distance <= Math.Max(1, word.Length / 3) ? nearest.Word : null;
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

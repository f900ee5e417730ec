using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>Lines fit beside another file on a screen. Only a text that would have to be taken apart may be longer.</summary>
public sealed partial class LineLengthTests
{
    private const int CharactersMax = 140;

    [Fact]
    public void Lines_AreAtMost140Wide()
    {
        var tooLong = new[] { "src", "tests", "benchmarks", "sdk/dotnet" }.SelectMany(Repository.Sources).SelectMany(TooLong);
        Assert.Empty(tooLong);
    }

    private static IEnumerable<string> TooLong(string file)
    {
        var isRaw = false;
        foreach (var (number, line) in Repository.Lines(file).Index())
        {
            var wasRaw = isRaw;
            isRaw ^= RawQuotes().Count(line) % 2 == 1;
            if (line.Length > CharactersMax && !wasRaw && !isRaw && !LongText().IsMatch(line)) yield return $"{file}({number + 1}): {line.Length}";
        }
    }

    [GeneratedRegex("\"\"\"")]
    private static partial Regex RawQuotes();

    /// <summary>A raw text in one line, one with escapes or values in it, or one of 50 characters and more.</summary>
    [GeneratedRegex("""
        ""\"|\\"|\$"|"[^"]{50,}
        """)]
    private static partial Regex LongText();
}

using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>What there is one place for, and the few that are elsewhere with a reason.</summary>
internal static class OneWay
{
    /// <summary>Nothing matches but in the home and in the exceptions; an exception that is needed no more is taken off the list.</summary>
    /// <param name="home">The file or folder where it belongs.</param>
    /// <param name="exceptions">File to reason.</param>
    public static void Check(Regex pattern, string home, Dictionary<string, string> exceptions, string advice)
    {
        var found = Repository.Sources("src").Where(f => !f.StartsWith(home, StringComparison.Ordinal))
            .SelectMany(f => Repository.Lines(f).Select((line, i) => (File: f, Line: i + 1, Text: line.TrimStart())))
            .Where(l => !l.Text.StartsWith("//", StringComparison.Ordinal) && pattern.IsMatch(l.Text)).ToList();
        var wrong = found.Where(l => !exceptions.ContainsKey(l.File)).Select(l => $"{l.File}({l.Line}): {l.Text}").ToList();
        Assert.True(wrong.Count == 0, $"{advice}:\n{string.Join('\n', wrong)}");
        Assert.Equal(exceptions.Keys.Order(StringComparer.Ordinal), found.Select(l => l.File).Distinct().Order(StringComparer.Ordinal));
    }
}

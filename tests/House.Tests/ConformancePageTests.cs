using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>docs/entities/conformance.md claims only what a test shows: each test that it names exists.</summary>
public partial class ConformancePageTests
{
    private const int ClaimsMin = 50;

    [Fact]
    public void ConformancePage_NamesTestsThatExist()
    {
        var tests = Repository.Sources("tests").Select(f => string.Join('\n', Repository.Lines(f))).ToList();
        var named = Repository.Lines("docs/entities/conformance.md").SelectMany(l => Named().Matches(l))
            .Select(m => (Class: m.Groups[1].Value, Method: m.Groups[2].Value)).ToList();
        Assert.True(named.Count >= ClaimsMin);
        var missing = named.Where(
            n => !tests.Any(
                t => t.Contains($"class {n.Class}", StringComparison.Ordinal) && t.Contains($" {n.Method}(", StringComparison.Ordinal)))
            .Select(n => $"{n.Class}.{n.Method}");
        Assert.Empty(missing);
    }

    [GeneratedRegex(@"`(\w+(?:Tests|Contract))\.(\w+)`")]
    private static partial Regex Named();
}

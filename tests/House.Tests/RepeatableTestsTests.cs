using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>
/// Tests do the same in each run: random values come from one seed (<c>tests/Support/Seeded.cs</c>), and no assertion is on elapsed time,
/// which says more about the machine than about the product. They wait for conditions (<c>tests/Support/Wait.cs</c>) or turn a clock of
/// their own.
/// </summary>
public partial class RepeatableTestsTests
{
    private const string Support = "tests/Support/";

    [Fact]
    public void RandomValues_ComeFromOneSeed() => Check(OwnRandom(), "Take it from Seeded, so that STRATA_SEED repeats it");

    [Fact]
    public void ElapsedTime_IsNotMeasured() => Check(Clock(), "Wait for a condition with Wait, or use a clock that the test turns");

    [Theory]
    [InlineData("var random = new Random(7);", true)]
    [InlineData("Random random = new(7);", true)]
    [InlineData("var port = Random.Shared.Next();", true)]
    [InlineData("var random = Seeded.Random();", false)]
    public void OwnRandom_IsSeen(string line, bool isSeen) => Assert.Equal(isSeen, OwnRandom().IsMatch(line));

    [Theory]
    [InlineData("var watch = Stopwatch.StartNew();", true)]
    [InlineData("TimeProvider.System.GetElapsedTime(since)", true)]
    [InlineData("var since = TimeProvider.System.GetTimestamp();", true)]
    [InlineData("public override long GetTimestamp() => now.Ticks;", false)]
    public void Clock_IsSeen(string line, bool isSeen) => Assert.Equal(isSeen, Clock().IsMatch(line));

    private static void Check(Regex forbidden, string instead)
    {
        var found = Repository.Sources("tests").Where(
            f => !f.StartsWith(Support, StringComparison.Ordinal) && Path.GetFileName(f) != "RepeatableTestsTests.cs")
            .SelectMany(f => Repository.Lines(f).Select((line, i) => (Place: $"{f}({i + 1})", Text: line.Trim())))
            .Where(l => forbidden.IsMatch(l.Text)).Select(l => $"{l.Place}: {l.Text}").ToList();
        Assert.True(found.Count == 0, $"{instead}:\n{string.Join('\n', found)}");
    }

    [GeneratedRegex(@"new Random\(|\bRandom \w+ = new\(|\bRandom\.Shared\b")]
    private static partial Regex OwnRandom();

    [GeneratedRegex(@"\bStopwatch\b|\bGetElapsedTime\(|\.GetTimestamp\(")]
    private static partial Regex Clock();
}

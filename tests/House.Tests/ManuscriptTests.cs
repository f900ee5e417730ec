using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>What the code must not hold, each with its reason; symbols that the compiler can ban are in BannedSymbols.txt.</summary>
public partial class ManuscriptTests
{
    /// <summary>Where a library asks synchronously or the task is known to be done. File to reason.</summary>
    private static readonly Dictionary<string, string> MayBlock = new()
    {
        ["src/Program/Cli/Kinds/NameCompletion.cs"] = "the command line library asks for completions synchronously",
        ["src/Program/Server/Logging/ServerLogs.cs"] = "a logger factory is disposed synchronously",
        ["src/Fabric/Edge/Sites/SiteStore.cs"] = "asked only of tasks that are completed",
        ["src/Fabric/Edge/Tls/DuplexStream.cs"] = "asked only of a write that is completed",
    };

    [Fact]
    public void Sources_LeaveNothingToDo() =>
        AssertNowhere(Unfinished(), "src", [], "it is not finished: finish it, or leave it out");

    [Fact]
    public void Sources_NeverBlockOnAsyncWork() =>
        AssertNowhere(Blocking(), "src", MayBlock.Keys, "a blocked thread can starve the pool: await it");

    /// <summary>The command line starts programs of the user, in the user's own shell.</summary>
    [Fact]
    public void Children_OfTheServer_DoNotInheritItsEnvironment()
    {
        var wrong = Repository.Sources("src").Where(f => !f.StartsWith("src/Program/Cli/", StringComparison.Ordinal)).Where(f =>
        {
            var text = string.Join('\n', Repository.Lines(f));
            return text.Contains("new ProcessStartInfo(", StringComparison.Ordinal)
                && !text.Contains(".Environment.Clear()", StringComparison.Ordinal)
                && !text.Contains("ChildEnvironment.Restrict(", StringComparison.Ordinal);
        });
        Assert.Equal([], wrong);
    }

    [Fact]
    public void Sources_HaveNoRegions() =>
        AssertNowhere(Region(), "src", [], "a file that needs folding is two files");

    [Fact]
    public void Tests_AreNotSkipped() =>
        AssertNowhere(Skipped(), "tests", [], "a skipped test proves nothing: mend it or delete it");

    private static void AssertNowhere(Regex pattern, string folder, ICollection<string> except, string reason)
    {
        var found = Repository.Sources(folder)
            .Where(f => !f.StartsWith("tests/House.Tests/", StringComparison.Ordinal))
            .Where(f => !except.Contains(f))
            .SelectMany(f => Repository.Lines(f).Select((line, i) => (File: f, Line: line, Number: i + 1)))
            .Where(l => pattern.IsMatch(l.Line))
            .Select(l => $"{l.File}({l.Number}): {l.Line.Trim()} ({reason})");
        Assert.Empty(found);
    }

    [GeneratedRegex(@"\bTODO\b|\bFIXME\b|NotImplementedException")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"\.GetAwaiter\(\)\.GetResult\(\)|\bTask\.WaitAll\(")]
    private static partial Regex Blocking();

    [GeneratedRegex(@"^\s*#region")]
    private static partial Regex Region();

    [GeneratedRegex(@"\b(Fact|Theory)\(Skip\s*=")]
    private static partial Regex Skipped();
}

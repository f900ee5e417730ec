namespace Strata.House.Tests;

/// <summary>
/// Files and methods stay small enough to be read at one sitting. What is longer asks for a reason, and the reason stands here.
/// </summary>
public class SizeTests
{
    private const int FileLinesMax = 400;
    private const int MethodLinesMax = 60;

    /// <summary>File to reason. Empty is best.</summary>
    private static readonly Dictionary<string, string> LongFiles = [];

    /// <summary>File to reason: where one list reads better than several methods.</summary>
    private static readonly Dictionary<string, string> LongMethods = new()
    {
        ["src/EntityPlatform/EntityApi/AnswerSchemas.cs"] = "The schemas of all operations, in one list.",
        ["tests/Program/Server.Tests/Telemetry/TraceTests.cs"] = "One request from the edge to the member and back, step by step.",
    };

    [Fact]
    public void Files_AreAtMost400Lines()
    {
        var tooLong = Everything().Where(f => !LongFiles.ContainsKey(f)).Select(f => (File: f, Repository.Lines(f).Length))
            .Where(f => f.Length > FileLinesMax);
        Assert.Empty(tooLong.Select(f => $"{f.File}: {f.Length} lines"));
    }

    [Fact]
    public void Methods_AreAtMost60Lines()
    {
        var tooLong = Everything().Where(f => !LongMethods.ContainsKey(f))
            .SelectMany(f => Methods(f).Where(m => m.Length > MethodLinesMax).Select(m => $"{f}({m.Line}): {m.Length} lines"));
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Methods_AreShortInTheMiddle()
    {
        var lengths = Repository.Sources("src").SelectMany(Methods).Select(m => m.Length).Order().ToList();
        Assert.InRange(lengths[lengths.Count / 2], 1, 10);
    }

    private static IEnumerable<string> Everything() => new[] { "src", "tests" }.SelectMany(Repository.Sources);

    /// <summary>
    /// Bodies in braces of members, told by the layout that the formatter keeps: a brace alone on its line, closed by one at the same
    /// depth.
    /// </summary>
    private static IEnumerable<(int Line, int Length)> Methods(string file)
    {
        var lines = Repository.Lines(file);
        for (var i = 1; i < lines.Length; i++)
        {
            if (lines[i].TrimStart() != "{" || Depth(lines[i]) is 0 or > 8 || IsType(lines, i)) continue;
            var depth = Depth(lines[i]);
            var end = Array.FindIndex(lines, i + 1, l => Depth(l) == depth && l.TrimStart().StartsWith('}'));
            if (end < 0) yield break;
            yield return (i, end - i - 1);
            i = end;
        }
    }

    private static int Depth(string line) => line.Length - line.TrimStart().Length;

    /// <summary>Looks back over the lines of the declaration that the brace opens.</summary>
    private static bool IsType(string[] lines, int brace)
    {
        for (var i = brace - 1; i >= 0 && lines[i].Trim() is { Length: > 0 } line && line[^1] is not (';' or '}' or '{'); i--)
        {
            if (line.StartsWith("//", StringComparison.Ordinal)) return false;
            if (line.Split(' ', '(', '<').Any(word => word is "class" or "struct" or "interface" or "enum" or "record" or "namespace"))
                return true;
        }
        return false;
    }
}

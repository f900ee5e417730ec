using System.Text.RegularExpressions;

namespace Strata.Server.Tests.Support;

/// <summary>
/// Commands of a guide, fenced as <c>```sh TRACK</c> (or <c>both</c>), and what they print: the <c>```text</c> right behind them, or
/// nothing.
/// </summary>
public sealed partial record GuideBlock(string Track, string Commands, string Expected)
{
    public static IEnumerable<GuideBlock> Read(string markdown) =>
        Fence().Matches(markdown).Select(Of);

    /// <summary>The guide with what its blocks printed in place of what stands there.</summary>
    public static string Rewrite(string markdown, IReadOnlyDictionary<GuideBlock, string> printed) => Fence().Replace(markdown, match =>
    {
        var block = Of(match);
        if (!printed.TryGetValue(block, out var output)) return match.Value;
        output = string.Join('\n', output.Split('\n').Select(line => line.TrimEnd()));
        return $"```sh {block.Track}\n{block.Commands}```\n" + (output.Length == 0 ? "" : $"\n```text\n{output}\n```\n");
    });

    public bool IsOf(string track) => Track == track || Track == "both";

    /// <summary>Without what is different each time: ids, times, revisions, and the spaces that align them.</summary>
    public static string Plain(string output)
    {
        output = Uuid().Replace(output, "<id>");
        output = Time().Replace(output, "<time>");
        output = RequestId().Replace(output, "<request>");
        output = Revision().Replace(output, "<revision>");
        output = Spaces().Replace(output, " ");
        return string.Join('\n', output.Split('\n').Select(line => line.TrimEnd())).Trim();
    }

    private static GuideBlock Of(Match match) =>
        new(match.Groups["track"].Value, match.Groups["commands"].Value, match.Groups["output"].Value);

    [GeneratedRegex(@"^```sh (?<track>cli|curl|both)\n(?<commands>.*?)^```\n(?:\n```text\n(?<output>.*?)^```\n)?",
        RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z")]
    private static partial Regex Time();

    [GeneratedRegex("req_[0-9a-z]+")]
    private static partial Regex RequestId();

    [GeneratedRegex(@"^\d+(?= +<time>)", RegexOptions.Multiline)]
    private static partial Regex Revision();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Spaces();
}

using System.Text.RegularExpressions;

namespace Strata.Server.Tests.Support;

/// <summary>
/// The fenced code of a page, by the language that its fence names. Everything of a language is one program, in the order of the page. A
/// fence that says <c>install</c> behind its language is not run: it changes the machine.
/// </summary>
public sealed partial class DocumentedCode(string page)
{
    private readonly string markdown = File.ReadAllText(Path.Combine(Script.Root, page));

    public string Page => page;

    public IReadOnlyList<string> Blocks(string language) =>
        [.. Fence().Matches(markdown).Where(m => m.Groups["info"].Value == language).Select(m => m.Groups["code"].Value)];

    /// <summary>The program; fails without one.</summary>
    public string Program(string language)
    {
        var blocks = Blocks(language);
        Assert.True(blocks.Count > 0, $"{page} has no code of {language}");
        return string.Join('\n', blocks);
    }

    [GeneratedRegex("^```(?<info>[a-z ]+)\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}

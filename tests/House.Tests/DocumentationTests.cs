using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>A page that nothing leads to is not read, and a link that leads nowhere is worse than none.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void Index_ListsEachPage()
    {
        var listed = Links("docs/README.md").Select(l => l.Target).ToHashSet();
        Assert.Superset(
            Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md").Select(Relative).Where(p => p != "docs/README.md")
                .ToHashSet(), listed);
        Assert.Contains(Links("README.md"), l => l.Target == "docs/README.md");
    }

    [Fact]
    public void Links_LeadToFilesAndHeadings() => Assert.Empty(
        from page in Pages()
        from link in Links(page)
        where !Exists(link.Target) || (link.Heading.Length > 0 && !Headings(link.Target).Contains(link.Heading))
        select $"{page}: {link.Target}#{link.Heading}");

    private static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)
        .Concat(Directory.EnumerateFiles(Repository.Root, "*.md")).Select(Relative).Order(StringComparer.Ordinal);

    private static bool Exists(string path) => Path.Exists(Path.Combine(Repository.Root, path));

    private static string Relative(string path) => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/');

    private static IEnumerable<(string Target, string Heading)> Links(string page) =>
        Link().Matches(string.Join('\n', Repository.Lines(page)))
        .Select(m => m.Groups[1].Value).Where(l => !l.Contains(':', StringComparison.Ordinal))
        .Select(l => l.Split('#'))
        .Select(l =>
            (l[0].Length == 0 ? page : Relative(Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, l[0]))),
                l.Length > 1 ? l[1] : ""));

    /// <summary>As GitHub makes anchors of headings.</summary>
    private static HashSet<string> Headings(string page) => [.. Repository.Lines(page).Where(l => l.StartsWith('#'))
        .Select(l => NoAnchor().Replace(l.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\p{L}\p{N}\s_-]")]
    private static partial Regex NoAnchor();
}

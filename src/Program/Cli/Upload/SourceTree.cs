using System.Diagnostics;
using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Cli.Upload;

/// <summary>
/// The files of a folder that a deploy uploads: without <c>.git</c>, without what <c>.gitignore</c> and <c>.strataignore</c> name, and
/// without <see cref="DefaultIgnores"/>. In a git repository git itself says which, so that its global rules count too; elsewhere the rules
/// are read here. Bounded in number and size.
/// </summary>
internal static class SourceTree
{
    public const int FilesMax = 50_000;
    public const long BytesMax = 1L << 30;

    private const string StrataIgnore = ".strataignore";
    private static readonly string[] IgnoreFiles = [".gitignore", StrataIgnore];

    public static async Task<Result<SourceListing>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        var leftOut = new SortedSet<string>(StringComparer.Ordinal);
        var paths = await FromGitAsync(folder, leftOut, cancellationToken) ?? Walk(folder, IgnoreFiles, DefaultIgnores.Of(folder), leftOut);
        var list = paths.Take(FilesMax + 1).Order(StringComparer.Ordinal).ToList();
        if (list.Count > FilesMax) return TooLarge(folder, $"more than {FilesMax:N0} files");
        if (list.Count == 0) return UploadErrors.Empty(folder);
        var bytes = list.Sum(p => LengthOf(folder, p));
        return bytes > BytesMax ? TooLarge(folder, $"{bytes >> 20:N0} MB of files") : new SourceListing(list, [.. leftOut]);
    }

    private static long LengthOf(string folder, string path) =>
        new FileInfo(Path.Combine(folder, path)) is { Exists: true, LinkTarget: null } file && UserFile.LinkAbove(folder, path) is null
            ? file.Length : 0;

    private static Error TooLarge(string folder, string what) =>
        UploadErrors.TooLarge(folder, what, $"{BytesMax >> 20:N0} MB and {FilesMax:N0} files");

    /// <summary>With the tag of each file: <c>?</c> is one that git does not track.</summary>
    private static async Task<IEnumerable<string>?> FromGitAsync(
        string folder, SortedSet<string> leftOut, CancellationToken cancellationToken)
    {
        var output = await RunGitAsync(
            folder, ["-c", "core.fsmonitor=false", "ls-files", "-t", "-z", "--cached", "--others", "--exclude-standard"],
            cancellationToken);
        if (output is null) return null;
        var listed = output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal).ToList();
        if (listed.Count == 0) return null; // The folder is itself ignored by the repository around it.
        var rules = ReadRules(folder, [StrataIgnore]);
        var defaults = IgnoreRules.Parse(
            [.. DefaultIgnores.LinesOf(folder), .. TextFile.Read(Path.Combine(folder, StrataIgnore))?.Split('\n') ?? []]);
        // Git lists what is tracked and gone, what lies behind a link to a folder, and a submodule or a nested repository as its folder.
        return listed.Where(e => e[0] != '?' || !IsLeftOut(e[2..])).SelectMany(e => Expand(folder, e[2..].TrimEnd('/')))
            .Where(p => !IsIgnored(rules, p));

        bool IsLeftOut(string path)
        {
            if (IsIgnored(rules, path) || IgnoredPart(defaults, path) is not { } part) return false;
            leftOut.Add(part);
            return true;
        }
    }

    private static IEnumerable<string> Expand(string folder, string path)
    {
        var full = Path.Combine(folder, path);
        if (UserFile.LinkAbove(folder, path) is not null) return [path]; // left out by the archive, which names it
        if (IsLink(full) || File.Exists(full)) return [path];
        return Directory.Exists(full) ? Walk(full, IgnoreFiles, null, []).Select(p => path + "/" + p) : [];
    }

    private static bool IsIgnored(IgnoreRules? rules, string path) => rules is not null && IgnoredPart(rules, path) is not null;

    /// <summary>The folder above a file, or the file itself, that the rules ignore; null: none.</summary>
    private static string? IgnoredPart(IgnoreRules rules, string path)
    {
        for (var slash = path.IndexOf('/'); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (rules.Decide(path[..slash], isFolder: true) == true) return path[..(slash + 1)];
        }
        return rules.Decide(path, isFolder: false) == true ? path : null;
    }

    /// <param name="defaults">Rules that any ignore file wins over; null: none. What they leave out is added to
    /// <paramref name="leftOut"/>.</param>
    private static IEnumerable<string> Walk(string root, string[] ignoreFiles, IgnoreRules? defaults, SortedSet<string> leftOut)
    {
        var pending = new Stack<(string Path, List<(string Base, IgnoreRules Rules)> Rules)>();
        pending.Push(("", []));
        while (pending.TryPop(out var at))
        {
            var folder = Path.Combine(root, at.Path);
            var rules = ReadRules(folder, ignoreFiles) is { } own ? [.. at.Rules, (at.Path, own)] : at.Rules;
            foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
            {
                var path = at.Path.Length == 0 ? entry.Name : at.Path + "/" + entry.Name;
                var isFolder = entry is DirectoryInfo && entry.LinkTarget is null;
                if (entry.Name == ".git" || Decide(rules, path, isFolder) is true) continue;
                if (defaults?.Decide(path, isFolder) is true && Decide(rules, path, isFolder) is null)
                {
                    leftOut.Add(isFolder ? path + "/" : path);
                    continue;
                }
                if (isFolder) pending.Push((path, rules));
                else yield return path;
            }
        }
    }

    /// <summary>A deeper file's rules win over those above it. Null: no rule speaks of it.</summary>
    private static bool? Decide(List<(string Base, IgnoreRules Rules)> rules, string path, bool isFolder)
    {
        for (var i = rules.Count - 1; i >= 0; i--)
        {
            var relative = rules[i].Base.Length == 0 ? path : path[(rules[i].Base.Length + 1)..];
            if (rules[i].Rules.Decide(relative, isFolder) is { } decided) return decided;
        }
        return null;
    }

    private static IgnoreRules? ReadRules(string folder, string[] names)
    {
        var lines = names.Select(n => Path.Combine(folder, n)).SelectMany(n => TextFile.Read(n)?.Split('\n') ?? []).ToList();
        return lines.Count == 0 ? null : IgnoreRules.Parse(lines);
    }

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    /// <summary>Standard output, or null where git is missing or says no.</summary>
    private static async Task<string?> RunGitAsync(string folder, string[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            var git = await ProcessRun.RunAsync(
                new ProcessStartInfo("git", ["-C", folder, .. arguments]), null, int.MaxValue, cancellationToken);
            return git.Ok ? git.Output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}

/// <param name="Paths">Relative to the folder, with <c>/</c>, in ordinal order.</param>
/// <param name="LeftOut">What <see cref="DefaultIgnores"/> leave out: files, and folders with a <c>/</c> at the end.</param>
internal sealed record SourceListing(IReadOnlyList<string> Paths, IReadOnlyList<string> LeftOut);

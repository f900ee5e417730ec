using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>The repository's files, found from where the tests run.</summary>
internal static partial class Repository
{
    public static readonly string Root = FindRoot();

    /// <summary>The folder of each module by its name: src/ROOM/MODULE, relative to the root.</summary>
    public static readonly IReadOnlyDictionary<string, string> Folders = Directory.GetDirectories(Path.Combine(Root, "src"))
        .SelectMany(Directory.GetDirectories)
        .ToDictionary(d => Path.GetFileName(d), d => Path.GetRelativePath(Root, d).Replace('\\', '/'));

    public static IReadOnlyList<string> Modules => [.. Folders.Keys.Order()];

    public static string RoomOf(string module) => Folders[module].Split('/')[1];

    /// <summary>C# files below a folder, relative to the root, without what a build leaves.</summary>
    public static IEnumerable<string> Sources(string folder) => Directory
        .EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'))
        .Where(f => !f.Split('/').Any(part => part is "obj" or "bin" or "artifacts" or "node_modules"))
        .Order(StringComparer.Ordinal);

    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Root, file));

    public static string ProjectFile(string module) => File.ReadAllText(Path.Combine(Root, Folders[module], module + ".csproj"));

    /// <summary>
    /// Modules whose names a module's code uses, by reference or namespace; references reach on, so the project file alone tells too
    /// little.
    /// </summary>
    public static IReadOnlySet<string> UsedBy(string module)
    {
        var used = Sources(Folders[module]).SelectMany(Lines).SelectMany(l => ModuleName().Matches(l)).Select(m => m.Groups[1].Value);
        var referenced = ProjectReference().Matches(ProjectFile(module)).Select(m => m.Groups[1].Value);
        return used.Concat(referenced).Where(Modules.Contains).Where(m => m != module).ToHashSet();
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Strata.slnx"))) return folder.FullName;
        }
        throw new InvalidOperationException("The tests must run inside the repository.");
    }

    [GeneratedRegex(@"\bStrata\.([A-Z]\w+)\b")]
    private static partial Regex ModuleName();

    [GeneratedRegex(@"ProjectReference Include=""[./]*/(\w+)/\w+\.csproj""")]
    private static partial Regex ProjectReference();
}

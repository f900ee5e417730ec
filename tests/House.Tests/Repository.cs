using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>The repository's files, found from where the tests run.</summary>
internal static partial class Repository
{
    public static readonly string Root = FindRoot();

    /// <summary>Names of the modules: the folders below src.</summary>
    public static IReadOnlyList<string> Modules => [.. Directory.GetDirectories(Path.Combine(Root, "src")).Select(d => Path.GetFileName(d)!).Order()];

    /// <summary>C# files below a folder, relative to the root, without what a build leaves.</summary>
    public static IEnumerable<string> Sources(string folder) => Directory
        .EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'))
        .Where(f => !f.Split('/').Any(part => part is "obj" or "bin" or "artifacts" or "node_modules"))
        .Order(StringComparer.Ordinal);

    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Root, file));

    public static string ProjectFile(string module) => File.ReadAllText(Path.Combine(Root, "src", module, module + ".csproj"));

    /// <summary>Modules whose names a module's code uses, by reference or namespace; references reach on, so the project file alone tells too little.</summary>
    public static IReadOnlySet<string> UsedBy(string module)
    {
        var used = Sources("src/" + module).SelectMany(Lines).SelectMany(l => ModuleName().Matches(l)).Select(m => m.Groups[1].Value);
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

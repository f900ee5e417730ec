using System.Reflection;
using Strata.Core;

namespace Strata.Cli.Developing;

/// <summary>
/// Projects to begin a compute member with, one for each language. They are resources of this program, named
/// <c>Templates/LANGUAGE/FILE</c>; a dot after <c>src</c> stands for a folder. <c>$name$</c>, <c>$package$</c> and <c>$version$</c> stand
/// for what is known only when one is written. The client library goes along as a package, so that nothing outside of the folder is needed.
/// </summary>
internal static class MemberTemplate
{
    private const string Prefix = "Templates/";
    private const string PackagesFolder = "packages";
    private const string MainPackage = "Strata.Client.";
    private const int NameLengthMax = 60;

    /// <summary>What MSBuild takes from the folders above.</summary>
    private static readonly string[] Inherited = ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"];

    public static IReadOnlyList<string> Languages { get; } = ["typescript", "python", "dotnet"];

    /// <exception cref="StrataException">FOLDER_NOT_EMPTY.</exception>
    public static void RequireEmpty(string folder)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()) throw DevErrors.NotEmpty(folder).ToException();
    }

    /// <summary>Writes it; the files, relative to the folder.</summary>
    public static IReadOnlyList<string> Write(string language, string folder, IReadOnlyList<string> packages)
    {
        var values = new (string Mark, string Value)[]
        {
            ("$name$", MemberName.Of(folder, NameLengthMax)), ("$package$", Path.GetFileName(packages[0])),
            ("$version$", VersionOf(packages)),
        };
        Directory.CreateDirectory(Path.Combine(folder, PackagesFolder));
        var written = new List<string>();
        foreach (var (file, text) in FilesOf(language))
        {
            var path = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, values.Aggregate(text, (t, v) => t.Replace(v.Mark, v.Value, StringComparison.Ordinal)));
            written.Add(file);
        }
        foreach (var package in packages)
        {
            var file = Path.Combine(PackagesFolder, Path.GetFileName(package));
            File.Copy(package, Path.Combine(folder, file));
            written.Add(file);
        }
        if (language == "dotnet") written.AddRange(StopInheritance(folder));
        return written;
    }

    private static IEnumerable<(string File, string Text)> FilesOf(string language)
    {
        var assembly = Assembly.GetExecutingAssembly();
        foreach (var resource in assembly.GetManifestResourceNames()
            .Where(r => r.StartsWith($"{Prefix}{language}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            yield return (FileOf(resource[(Prefix.Length + language.Length + 1)..]), reader.ReadToEnd());
        }
    }

    private static string FileOf(string name) => name == "gitignore" ? ".gitignore" : name.StartsWith("src.", StringComparison.Ordinal)
        ? "src/" + name[4..] : name;

    /// <summary>Of the .NET packages; they have one version.</summary>
    private static string VersionOf(IReadOnlyList<string> packages) => packages.Select(p => Path.GetFileNameWithoutExtension(p))
        .FirstOrDefault(p => p.StartsWith(MainPackage, StringComparison.Ordinal))?[MainPackage.Length..] ?? "";

    /// <summary>A project inside of another one's folder, such as a checkout of Strata, is built with its own settings only.</summary>
    private static IEnumerable<string> StopInheritance(string folder)
    {
        foreach (var file in Inherited)
        {
            var isAbove = false;
            for (var above = Directory.GetParent(folder); above is not null && !isAbove; above = above.Parent)
                isAbove = File.Exists(Path.Combine(above.FullName, file));
            if (!isAbove) continue;
            File.WriteAllText(
                Path.Combine(folder, file), $"<!-- Keeps {file} of the folders above out of this project. -->\n<Project />\n");
            yield return file;
        }
    }
}

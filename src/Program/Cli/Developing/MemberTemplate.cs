using System.Reflection;
using Strata.Core;

namespace Strata.Cli.Developing;

/// <summary>
/// Projects to begin a compute member with, one for each language. They are resources of this program, named
/// <c>Templates/LANGUAGE/FILE</c>; a dot after <c>src</c> stands for a folder, and <c>$name$</c> and <c>$sdk$</c> for what is known only
/// when one is written.
/// </summary>
internal static class MemberTemplate
{
    private const string Prefix = "Templates/";

    public static IReadOnlyList<string> Languages { get; } = ["typescript", "python", "dotnet"];

    /// <summary>Writes it; the files, relative to the folder.</summary>
    /// <exception cref="StrataException">FOLDER_NOT_EMPTY.</exception>
    public static IReadOnlyList<string> Write(string language, string folder, string name)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()) throw DevErrors.NotEmpty(folder).ToException();
        var assembly = Assembly.GetExecutingAssembly();
        var written = new List<string>();
        foreach (var resource in assembly.GetManifestResourceNames()
            .Where(r => r.StartsWith($"{Prefix}{language}/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var file = FileOf(resource[(Prefix.Length + language.Length + 1)..]);
            var path = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(
                path, reader.ReadToEnd().Replace("$name$", name, StringComparison.Ordinal)
                    .Replace("$sdk$", SdkFolder(), StringComparison.Ordinal));
            written.Add(file);
        }
        return written;
    }

    private static string FileOf(string name) => name == "gitignore" ? ".gitignore" : name.StartsWith("src.", StringComparison.Ordinal)
        ? "src/" + name[4..] : name;

    /// <summary>Of the checkout that this program was built in: the libraries are on no registry yet.</summary>
    private static string SdkFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "sdk/typescript/package.json"))) return Path.Combine(folder.FullName, "sdk");
        }
        throw DevErrors.NoSdk.ToException();
    }
}

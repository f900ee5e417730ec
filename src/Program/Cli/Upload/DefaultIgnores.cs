namespace Strata.Cli.Upload;

/// <summary>
/// What a deploy leaves out although no ignore file names it: what the build fetches or makes itself, and secrets of the developer's
/// machine. Any rule of .gitignore and .strataignore wins over these: <c>!.env</c> keeps that file. Files that git tracks are always kept.
/// </summary>
internal static class DefaultIgnores
{
    private static readonly string[] Anywhere =
        ["node_modules/", "__pycache__/", ".venv/", ".pytest_cache/", ".mypy_cache/", ".env", ".env.local", ".env.*.local", ".DS_Store"];

    private static readonly string[] NodeOutput = ["/dist/", "/.next/", "/.nuxt/", "/.output/", "/.svelte-kit/"];

    public static IgnoreRules Of(string folder) => IgnoreRules.Parse(LinesOf(folder));

    /// <summary>Output is left out only where the build makes it again: a folder dist without a build script is a site to serve.</summary>
    public static IEnumerable<string> LinesOf(string folder)
    {
        if (TextFile.Read(Path.Combine(folder, "package.json"))?.Contains("\"build\"", StringComparison.Ordinal) == true)
            return [.. Anywhere, .. NodeOutput];
        if (File.Exists(Path.Combine(folder, "Cargo.toml")) || File.Exists(Path.Combine(folder, "pom.xml")))
            return [.. Anywhere, "/target/"];
        return HasProject(folder) ? [.. Anywhere, "bin/", "obj/"] : Anywhere;
    }

    private static bool HasProject(string folder) =>
        Directory.EnumerateFiles(folder).Any(f => Path.GetExtension(f) is ".csproj" or ".fsproj" or ".sln" or ".slnx");
}

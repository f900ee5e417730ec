using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Deployments.Detection;

internal sealed class StaticDetector : IDetector
{
    private static readonly string[] Folders = ["", "public", "dist", "build", "out", "_site", "site", "docs"];

    public string Stack => Stacks.Static;
    public string Understands => "an index.html (here or in public, dist, build, out, _site, site or docs)";

    public Detection Detect(SourceTree source)
    {
        foreach (var folder in Folders)
        {
            if (!source.HasFile(folder.Length == 0 ? "index.html" : folder + "/index.html")) continue;
            return ServerPages(source, folder) is { } page ? NotStatic(page) : new Detection.Found(Plan(folder));
        }
        return Detection.No;
    }

    /// <summary>The plan for a source declared as a static site: server-side pages are left out.</summary>
    public static BuildPlan? PlanAsAsked(SourceTree source) =>
        Folders.FirstOrDefault(x => source.HasFile(x.Length == 0 ? "index.html" : x + "/index.html")) is { } folder ? Plan(folder) : null;

    /// <summary>A server-side page, beside index.html or one folder deeper; null: none found.</summary>
    private static string? ServerPages(SourceTree source, string folder)
    {
        var prefix = folder.Length == 0 ? "" : folder + "/";
        return source.FilesWhere(x => x.StartsWith(prefix, StringComparison.Ordinal) && x.AsSpan(prefix.Length).Count('/') <= 1
            && ServedFiles.IsPageCode(x)).FirstOrDefault();
    }

    private static Detection NotStatic(string page) => Detection.Fault(
        $"This looks like a site whose server runs {page}; a static site cannot run it and must not expose it.",
        "Add a Dockerfile or run: {command: …} to strata.yaml to run it; or build: {stack: static} to serve the other files without such pages.");

    private static BuildPlan Plan(string folder) => new()
    {
        Stack = Stacks.Static,
        Summary = folder.Length == 0 ? "a static site" : $"a static site in {folder}/",
        Outputs = folder.Length == 0 ? [] : [folder],
        Static = true,
    };
}

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
            if (source.HasFile(folder.Length == 0 ? "index.html" : folder + "/index.html")) return new Detection.Found(Plan(folder));
        }
        return Detection.No;
    }

    private static BuildPlan Plan(string folder) => new()
    {
        Stack = Stacks.Static,
        Summary = folder.Length == 0 ? "a static site" : $"a static site in {folder}/",
        Outputs = folder.Length == 0 ? [] : [folder],
        Static = true,
    };
}

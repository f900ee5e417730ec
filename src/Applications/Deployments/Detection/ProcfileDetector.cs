using Strata.Deployments.Source;

namespace Strata.Deployments.Detection;

/// <summary>A Procfile defines how to run; the build is detected as without it.</summary>
/// <param name="languages">Asked in order for the build steps.</param>
internal sealed class ProcfileDetector(IReadOnlyList<IDetector> languages) : IDetector
{
    public string Stack => Stacks.Procfile;
    public string Understands => "a Procfile with a line \"web: COMMAND\"";

    public Detection Detect(SourceTree source)
    {
        if (source.Read("Procfile") is not { } text) return Detection.No;
        if (WebCommand(text) is not { } command)
            return Detection.Fault("The Procfile has no line \"web: COMMAND\".", "Add one, for example: web: node server.js");
        var built = languages.Select(x => x.Detect(source)).OfType<Detection.Found>().FirstOrDefault(x => !x.Plan.Static)?.Plan;
        return new Detection.Found(new BuildPlan
        {
            Stack = Stacks.Procfile,
            Summary = $"an application with a Procfile, run by \"{command}\"",
            Steps = built?.Steps ?? [],
            Outputs = built?.Outputs ?? [],
            Tools = built?.Tools ?? [],
            Notes = built?.Notes ?? [],
            Command = command,
        });
    }

    private static string? WebCommand(string text) => text.Split('\n')
        .Select(x => x.Trim())
        .Where(x => x.StartsWith("web:", StringComparison.Ordinal))
        .Select(x => x["web:".Length..].Trim())
        .FirstOrDefault(x => x.Length > 0);
}

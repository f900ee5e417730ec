using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Deployments.Detection;

/// <summary>Finds out what a source is.</summary>
internal static class Detectors
{
    public const string NotRecognisedCode = "SOURCE_NOT_RECOGNISED";

    private static readonly IReadOnlyList<IDetector> Languages = [new NodeDetector(), new DotNetDetector(), new PythonDetector()];

    /// <summary>Tried in this order; the first match decides.</summary>
    public static readonly IReadOnlyList<IDetector> All =
    [
        new DockerfileDetector(),
        new ProcfileDetector(Languages),
        .. Languages,
        new StaticDetector(),
    ];

    /// <param name="skip">A stack that is not to be considered; null: all are.</param>
    public static Result<BuildPlan> Detect(SourceTree source, string? skip = null)
    {
        var hints = new List<string>();
        foreach (var detector in All.Where(x => x.Stack != skip))
        {
            switch (detector.Detect(source))
            {
                case Detection.Found found:
                    return found.Plan;
                case Detection.Faulty faulty:
                    return faulty.Error;
                case Detection.Other { Hint: { } hint }:
                    hints.Add(hint);
                    break;
            }
        }
        return NotRecognised(hints);
    }

    /// <summary>Looks for one stack only, as strata.yaml may require.</summary>
    public static Result<BuildPlan> DetectAs(string stack, SourceTree source) => stack == Stacks.Static
        && StaticDetector.PlanAsAsked(source) is { } site ? site : All.FirstOrDefault(x => x.Stack == stack) is not { } detector
        ? new BuildPlan { Stack = Stacks.Custom, Summary = "an application with its own commands" }
        : detector.Detect(source) switch
        {
            Detection.Found found => found.Plan,
            Detection.Faulty faulty => faulty.Error,
            _ => new Error(
                ErrorKind.Unprocessable, NotRecognisedCode,
                $"strata.yaml says that this is \"{stack}\", but the source does not have {detector.Understands}.",
                "Correct build.stack, or leave it out to have it detected."),
        };

    private static Error NotRecognised(IReadOnlyList<string> hints) => new(
        ErrorKind.Unprocessable,
        NotRecognisedCode,
        "The kind of application could not be detected" + (hints.Count == 0 ? "." : $": {string.Join("; ", hints)}.")
            + $" Supported are: {string.Join("; ", All.Select(x => x.Understands))}.",
        "Add one of these to the root, or a strata.yaml with run: {command: …}.");
}

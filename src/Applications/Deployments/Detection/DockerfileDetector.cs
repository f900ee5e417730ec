using Strata.Deployments.Source;

namespace Strata.Deployments.Detection;

internal sealed class DockerfileDetector : IDetector
{
    public static readonly string[] Names = ["Dockerfile", "dockerfile", "Containerfile"];

    public string Stack => Stacks.Dockerfile;
    public string Understands => "a Dockerfile";

    public Detection Detect(SourceTree source) => source.FirstFile(Names) is { } file ? new Detection.Found(Plan(file)) : Detection.No;

    public static BuildPlan Plan(string file) =>
        new() { Stack = Stacks.Dockerfile, Summary = $"an image built from {file}", Dockerfile = file };
}

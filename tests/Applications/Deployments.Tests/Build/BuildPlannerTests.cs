using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Build;
using Strata.Deployments.Build.Docker;
using Strata.Deployments.Configuration;
using Strata.Deployments.Detection;
using Strata.Deployments.Source;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Build;

/// <summary>A Dockerfile where no engine can build it.</summary>
public sealed class BuildPlannerTests : IDisposable
{
    private readonly TempFolder folder = new TempFolder().With("Dockerfile", "FROM scratch").With("index.html", "x");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Plan_DockerfileWithoutAnEngine_IsAnErrorWithAChoice_AndNeverASite()
    {
        var error = Plan(StrataFile.Empty).Error!;
        Assert.Contains("has a Dockerfile, and no Docker engine answers", error.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install -y docker.io", error.NextStep, StringComparison.Ordinal);
        Assert.Contains("as a static site without the Dockerfile: build: {stack: static}", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_DockerfileWithoutAnEngine_AndTheChoiceMade_IsWhatWasChosen() =>
        Assert.Equal(Stacks.Static, Plan(StrataFile.Empty with { Stack = Stacks.Static }).Value.Stack);

    private Result<BuildPlan> Plan(StrataFile file) =>
        BuildPlanner.Plan(new SourceTree(folder.Path), file, new BuildConfig(), new RunConfig(), DockerEngine.NoAnswer);
}

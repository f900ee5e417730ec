using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Build.Docker;
using Strata.Deployments.Configuration;
using Strata.Deployments.Detection;
using Strata.Deployments.Source;

namespace Strata.Deployments.Build;

/// <summary>
/// Decides how a source is built and run: what is detected, overridden by strata.yaml, overridden by what the deployment itself says. Pure.
/// </summary>
internal static class BuildPlanner
{
    /// <summary>The Dockerfile that a build of this source may use; null: none.</summary>
    public static string? DockerfileOf(SourceTree source, StrataFile file, BuildConfig build) =>
        build.Dockerfile ?? file.Dockerfile ?? source.FirstFile(DockerfileDetector.Names);

    public static Result<BuildPlan> Plan(SourceTree source, StrataFile file, BuildConfig build, RunConfig run, DockerEngine engine)
    {
        var commands = new Commands(build.Command ?? file.BuildCommand, build.Output ?? file.BuildOutput, run.Command ?? file.RunCommand);
        if ((build.Dockerfile ?? file.Dockerfile) is { } dockerfile) return ByDocker(source, dockerfile, commands, engine);
        if (TakesDocker(source, file, commands, engine) is { } found) return ByDocker(source, found, commands, engine);
        if (!Detect(source, file, commands, engine).TryGet(out var plan, out var error))
        {
            if (commands is { Build: null, Run: null } || error.Code != Detectors.NotRecognisedCode) return error;
            plan = new BuildPlan { Stack = Stacks.Custom, Summary = "an application with its own commands" };
        }
        return Override(plan, commands);
    }

    /// <summary>A Dockerfile wins where an engine is present, unless strata.yaml says how to build without it.</summary>
    private static string? TakesDocker(SourceTree source, StrataFile file, Commands commands, DockerEngine engine)
    {
        if (file.Stack is { } stack) return stack == Stacks.Dockerfile ? source.FirstFile(DockerfileDetector.Names) : null;
        return engine.Name is not null && commands is { Build: null, Output: null } ? source.FirstFile(DockerfileDetector.Names) : null;
    }

    private static Result<BuildPlan> ByDocker(SourceTree source, string dockerfile, Commands commands, DockerEngine engine)
    {
        if (!source.HasFile(dockerfile)) return BuildErrors.DockerfileMissing(dockerfile);
        if (engine.Name is null) return BuildErrors.NoDocker(dockerfile, engine, null);
        return DockerfileDetector.Plan(dockerfile) with { Summary = $"a {dockerfile}, built by {engine.Name}", Command = commands.Run };
    }

    /// <summary>
    /// A Dockerfile that cannot be used is skipped only if strata.yaml says how to build without it: what runs is never a guess.
    /// </summary>
    private static Result<BuildPlan> Detect(SourceTree source, StrataFile file, Commands commands, DockerEngine engine)
    {
        if (file.Stack is { } stack) return Detectors.DetectAs(stack, source);
        var found = Detectors.Detect(source, Stacks.Dockerfile);
        if (source.FirstFile(DockerfileDetector.Names) is not { } dockerfile) return found;
        if (engine.Name is null && commands is { Build: null, Run: null, Output: null })
            return BuildErrors.NoDocker(dockerfile, engine, found.TryGet(out var other, out _) ? other : null);
        if (!found.TryGet(out var plan, out _)) return found;
        return plan with { Notes = [.. plan.Notes, $"{dockerfile} is not used: strata.yaml says how to build without it."] };
    }

    private static Result<BuildPlan> Override(BuildPlan plan, Commands commands)
    {
        if (commands.Build is { } build)
        {
            var keepsOutput = plan is { Static: true, Steps.Count: > 0 };
            plan = plan with { Steps = [.. plan.Steps.Where(x => x.Install), new BuildStep(build)],
                Outputs = keepsOutput ? plan.Outputs : [] };
        }
        if (commands.Run is { } run)
            plan = plan with { Command = run, Static = false, Outputs = plan.Static ? [] : plan.Outputs,
                Stack = plan.Stack == Stacks.Static ? Stacks.Custom : plan.Stack };
        if (commands.Output is { } output) plan = plan with { Outputs = [output], Static = plan.Static || plan.Command is null };
        return plan.Static || plan.Command is not null ? plan : BuildErrors.NothingToRun();
    }

    private sealed record Commands(string? Build, string? Output, string? Run);
}

using Strata.Core;
using Strata.Deployments.Build.Docker;
using Strata.Deployments.Detection;
using Strata.Runtimes.Sandbox;

namespace Strata.Deployments.Build;

/// <summary>Why a build failed.</summary>
internal static class BuildErrors
{
    public static Error StepFailed(string command, SandboxOutcome outcome) => outcome is SandboxOutcome.MachineOutOfDisk full
        ? full.Error : Failed(
        $"\"{command.Shortened(100)}\" failed: {outcome.Sentence.Replace("The command ", "it ", StringComparison.Ordinal).TrimEnd('.')}.",
        "Read the end of the build's log, fix the cause and deploy again.");

    public static Error TimedOut(TimeSpan limit) => Failed(
        $"The build did not finish within {limit.TotalSeconds:0} s; it was stopped.",
        "Raise build.timeoutSeconds in strata.yaml if it needs longer.");

    public static Error Interrupted(int times) => Failed(
        $"The build was interrupted {times} times, each time because the server that ran it stopped.",
        "Deploy again; if it happens again, the build itself may stop the server: check its log.");

    public static Error OutputMissing(IReadOnlyList<string> folders) => Failed(
        $"The build produced no folder {string.Join(" or ", folders)}.", "Set build.output in strata.yaml to its result.");

    public static Error NoRoom(long diskBytes) => Failed(
        $"The source does not fit into the build's {ByteText.Format(diskBytes)} of disk.",
        "Raise build.diskBytes in the deployment's spec (docs/strata-yaml.md says how).");

    /// <summary>With its code in the message: a release has no other field for it.</summary>
    public static Error Coded(Error error) => error with { Message = $"{error.Code}: {error.Message}" };

    public static Error NothingToRun() => Failed(
        "There is no command that runs the result of the build.",
        "Add run: {command: …} to strata.yaml, or build: {output: FOLDER} if it is a static site.");

    /// <param name="other">What the source is without the Dockerfile; null: nothing that is known.</param>
    public static Error NoDocker(string path, DockerEngine engine, BuildPlan? other)
    {
        var engineFix = engine == DockerEngine.NoUse
            ? "run Strata as root on Linux with runc or crun installed" : "install one (apt-get install -y docker.io) and deploy again";
        var without = other is null
            ? "say in strata.yaml how to build and run the source without it: build: {command: …} and run: {command: …}"
            : $"build it as {other.Summary} without the {path}: build: {{stack: {other.Stack}}} in strata.yaml";
        return Failed($"The source has a {path}, and {engine.Missing}.", $"Choose: {engineFix}; or {without}.");
    }

    private const string Stage = "stage";
    private const string SourceStage = "source";

    /// <summary>
    /// Marks an error that occurred before anything was built: the source cannot be fetched, is not recognised, or needs what this machine
    /// does not have.
    /// </summary>
    public static Error OfSource(Error error) =>
        error with { Details = new Dictionary<string, string>(
            error.Details ?? new Dictionary<string, string>()) { [Stage] = SourceStage } };

    public static bool IsOfSource(Error error) => error.Details?.GetValueOrDefault(Stage) == SourceStage;

    public static Error DockerfileMissing(string path) =>
        Failed($"There is no file {path} in the source.", "Correct build.dockerfile, or leave it out to have it detected.");

    public static Error NoImageCommand(string path) =>
        Failed($"The image built from {path} has no command.", "Add CMD or ENTRYPOINT to it, or run: {command: …} to strata.yaml.");

    public static Error ImageTooLarge(long diskBytes) => Failed(
        $"The image does not fit into the build's {ByteText.Format(diskBytes)} of disk.",
        "Make the image smaller, or raise build.diskBytes in the deployment's spec (docs/strata-yaml.md says how).");

    public static Error DockerFailed(string what, string complaint) =>
        Failed($"\"docker {what}\" failed: {complaint.Trim().TrimEnd('.').Shortened(100)}.", "Look whether Docker is well: docker info");

    public static Error ToolMissing(string tool, string install) =>
        Failed($"This machine has no {tool}, which the source needs.", $"Install it on the machine: {install}");

    public static Error DeploymentMissing(string deployment) =>
        Failed($"There is no deployment \"{deployment}\" in the release's project.", "Create the deployment first.");

    public static Error DeploymentRemoved() =>
        Failed("Its build was cancelled, because the deployment is being removed.", "Deploy under another name, or wait until it is gone.");

    public static Error ReleaseUnusable(string why) => Failed(why, "Deploy the source again.");

    public static Error BuildUnderWay(string deployment, string building) => Failed(
        $"{building} is being built, and would be overtaken by older files.",
        $"The variables are kept. Once {building} is done: strata env apply {deployment}");

    public static Error OtherFiles(string deployment, string current, string source) => Failed(
        $"{deployment} runs {current} by now, which has other files than {source}.",
        $"The variables are kept. To run {current} with them: strata env apply {deployment}");

    public static Error VariablesInvalid(string fault) =>
        Failed($"The variables of the source and of the deployment do not fit together: {fault}", "Change them and deploy again.");

    public static Error VariablesUnknown(string release) => Failed(
        $"It is not known which variables the source of {release} sets itself: they are too many, or it was built by an earlier version.",
        "Deploy the source again, which applies all variables.");

    public static Error Superseded(string newer) =>
        Failed($"Its build was cancelled, because {newer} was deployed after it.", "There is nothing to do.");

    public static Error Cancelled(string by) => Failed($"Its build was cancelled by {by}.", "Deploy again to build it.");

    /// <summary>A deployment's latest deploy determines its state.</summary>
    public static Error Overtaken() => new(ErrorKind.Conflict, "RELEASE_SUPERSEDED", "A later deploy decides what the deployment runs.");

    public static Error Unforeseen(string requestId) => new(
        ErrorKind.Internal, "BUILD_BROKE", $"The build stopped because of an internal error of Strata ({requestId}).",
        "Deploy again; if it happens again, check the server's log.");

    private static Error Failed(string message, string nextStep) => new(ErrorKind.Unprocessable, "BUILD_FAILED", message, nextStep);
}

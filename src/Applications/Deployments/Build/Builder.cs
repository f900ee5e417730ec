using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Build.Docker;
using Strata.Deployments.Configuration;
using Strata.Deployments.Detection;
using Strata.Deployments.Images;
using Strata.Deployments.Kinds;
using Strata.Deployments.Source;
using Strata.Deployments.Variables;
using Strata.Runtimes.Sandbox;

namespace Strata.Deployments.Build;

/// <summary>
/// Turns a source into an image: fetch, read strata.yaml, detect, run the steps in the sandbox (or a Dockerfile by Docker), pack. All of it
/// happens in one workspace, whose size and number of files are bounded, and before one deadline. Keeps nothing but the image's blobs; safe
/// for concurrent use.
/// </summary>
internal sealed class Builder(SourceFetcher fetcher, ISandbox sandbox, ImageStore images, DockerBuild docker, Toolchain toolchain,
    VariableResolver variables, DeploymentOptions options, TimeProvider time)
{
    public const int PortDefault = 8080;

    /// <summary>The IOException of a file system without free blocks or inodes (ENOSPC).</summary>
    private const int NoSpace = 28;

    public async Task<Result<BuiltRelease>> BuildAsync(BuildJob job, BuildLog log, CancellationToken cancellationToken)
    {
        var build = job.Config.Build;
        using var deadline = new BuildDeadline(TimeSpan.FromSeconds(build.TimeoutSeconds), time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        if (!(await sandbox.CreateWorkspaceAsync(build.DiskBytes, cancellationToken)).TryGet(out var made, out var full)) return full;
        await using var workspace = made;
        try
        {
            // Off the caller's thread: reading folders does not wait, but may take long.
            return await Task.Run(() => BuildAsync(job, workspace, deadline, log, stop.Token), stop.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return BuildErrors.TimedOut(deadline.Limit);
        }
        catch (TooManyEntriesException e)
        {
            return SourceErrors.TooManyFiles(e.EntriesMax);
        }
        catch (IOException e) when (e.HResult == NoSpace)
        {
            return BuildErrors.NoRoom(build.DiskBytes);
        }
    }

    private async Task<Result<BuiltRelease>> BuildAsync(
        BuildJob job, IWorkspace workspace, BuildDeadline deadline, BuildLog log, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        if (!(await PrepareAsync(job, workspace, deadline, log, cancellationToken)).TryGet(out var ready, out var error))
            return error is { Retryable: true } or { Kind: ErrorKind.Unavailable } ? error : BuildErrors.OfSource(error);
        if (!(await MakeAsync(ready.Work, cancellationToken)).TryGet(out var image, out error)) return error;
        log.Step($"Built in {BuildLog.Seconds(time.GetElapsedTime(started))}");
        return image with { Commit = ready.Commit, Replicas = ready.Replicas };
    }

    /// <summary>The checks before anything is built: the source, its kind, and whether this machine has the required tools.</summary>
    private async Task<Result<Prepared>> PrepareAsync(
        BuildJob job, IWorkspace workspace, BuildDeadline deadline, BuildLog log, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        log.Step("Fetching the source");
        if (!(await fetcher.FetchAsync(job.Tenant, job.Source, workspace, cancellationToken)).TryGet(out var fetched, out var error))
            return error;
        log.Note($"{(fetched.Commit is { } commit ? $"commit {commit}, " : "")}done in {BuildLog.Seconds(time.GetElapsedTime(started))}");
        if (fetched.HasSubmodules) log.Note("The repository has submodules, which are not fetched: their folders are empty.");
        var tree = new SourceTree(workspace.Folder, options.Source.FilesMax * 2, cancellationToken);
        if (!StrataFileReader.Find(tree).TryGet(out var file, out error)) return error;
        var config = Merge(job.Config, file);
        deadline.Set(TimeSpan.FromSeconds(config.Build.TimeoutSeconds));
        var engine = await FindEngineAsync(BuildPlanner.DockerfileOf(tree, file, config.Build), cancellationToken);
        if (!BuildPlanner.Plan(tree, file, config.Build, config.Run, engine).TryGet(out var plan, out error)) return error;
        await ShowAsync(plan, log, cancellationToken);
        if (!Toolchain.Check(plan.Tools).TryGet(out _, out error)) return error;
        if (DeploymentChecks.FaultOf(config.Env) is { } wrong) return BuildErrors.VariablesInvalid(wrong);
        if (await variables.CheckAsync(config.Env, job.User, cancellationToken) is { } missing) return missing;
        return new Prepared(new Work(job, plan, config, tree, workspace, deadline, file, log), fetched.Commit, file.Replicas);
    }

    private sealed record Prepared(Work Work, string? Commit, int? Replicas);

    private Task<Result<BuiltRelease>> MakeAsync(Work work, CancellationToken cancellationToken) => work.Plan switch
    {
        { Dockerfile: not null } => docker.BuildAsync(work, cancellationToken),
        { Steps: [] } => PackAsync(work, work.Source, cancellationToken),
        _ => RunAndPackAsync(work, cancellationToken),
    };

    /// <summary>With plain processes as instances, an image could be built but never run.</summary>
    private async Task<DockerEngine> FindEngineAsync(string? dockerfile, CancellationToken cancellationToken) => dockerfile is null
        ? DockerEngine.NoAnswer
        : sandbox.Runtime == "process" ? DockerEngine.NoUse
        : await DockerEngine.FindAsync(cancellationToken);

    private async Task<Result<BuiltRelease>> RunAndPackAsync(Work work, CancellationToken cancellationToken)
    {
        foreach (var gap in sandbox.NotIsolated) work.Log.Note(gap);
        foreach (var (name, _) in work.Config.Env.Where(x => VariableReference.In(x.Value).Any()))
            work.Log.Note($"not given to build steps, because it refers to a secret: {name}");
        foreach (var step in work.Plan.Steps)
        {
            if (await RunAsync(work, step, cancellationToken) is { } error) return error;
        }
        return await PackAsync(work, new SourceTree(work.Workspace.Folder, cancellationToken: cancellationToken), cancellationToken);
    }

    private async Task<Error?> RunAsync(Work work, BuildStep step, CancellationToken cancellationToken)
    {
        work.Log.Step(step.CommandLine);
        var started = time.GetTimestamp();
        var limit = TimeSpan.FromSeconds(work.Config.Build.TimeoutSeconds);
        var outcome = await sandbox.RunAsync(Describe(work, step, limit), cancellationToken);
        // Ended by the whole build's deadline, or by the one who cancelled the build.
        if (outcome is SandboxOutcome.Cancelled && work.Deadline.HasPassed) outcome = new SandboxOutcome.TimedOut(limit);
        work.Log.Note(outcome.IsSuccess ? $"done in {BuildLog.Seconds(time.GetElapsedTime(started))}" : outcome.Sentence);
        return outcome.IsSuccess ? null : BuildErrors.StepFailed(step.CommandLine, outcome);
    }

    private static SandboxRun Describe(Work work, BuildStep step, TimeSpan limit) => new()
    {
        Workspace = work.Workspace,
        Command = ["/bin/sh", "-c", step.CommandLine],
        Env = VariableReference.WithoutReferences(work.Config.Env), // what a build writes is kept
        OnLine = work.Log.Line,
        Limits = new SandboxLimits { Cpu = work.Config.Build.Cpu, MemoryBytes = work.Config.Build.MemoryBytes, Time = limit },
    };

    private async Task<Result<BuiltRelease>> PackAsync(Work work, SourceTree result, CancellationToken cancellationToken)
    {
        if (FindOutput(work.Plan, result) is not { } folder) return BuildErrors.OutputMissing(work.Plan.Outputs);
        var started = time.GetTimestamp();
        IReadOnlyList<string> command = work.Plan.Command is { } line ? ShellCommand.ToArguments(line) : [];
        var port = work.Config.Run.Port ?? PortDefault;
        var layer = new LayerWriter(result, work.Plan.Static ? work.File.Serve : null, options.Source.BytesMax);
        var content = new ImageContent((target, stop) => layer.WriteAsync(folder, target, stop), Describe(command, work));
        if (!(await images.PackAsync(work.Job.Tenant, content, cancellationToken)).TryGet(out var image, out var error)) return error;
        foreach (var left in layer.LeftOut.Lines()) work.Log.Note(left);
        foreach (var path in layer.NotServed.Take(10)) work.Log.Note(NotServed(path));
        if (layer.NotServed.Count > 10) work.Log.Note($"not served: {layer.NotServed.Count - 10} more such files");
        work.Log.Step(
            $"Packed {layer.Files} {(layer.Files == 1 ? "file" : "files")}, {ByteText.Format(image.Bytes)}, in {BuildLog.Seconds(time.GetElapsedTime(started))}");
        return new BuiltRelease
        {
            Detected = work.Plan.Stack,
            Image = image.Digest.ToString(),
            ImageBytes = image.Bytes,
            Static = work.Plan.Static,
            Command = command,
            Port = port,
            Config = work.Config,
            SourceEnv = work.File.Env,
        };
    }

    private static string NotServed(string path)
    {
        var why = $"not served: {path}, which may hold code or secrets";
        var never = path is "strata.yaml" or "strata.yml" || path.Split('/').Any(part => part.StartsWith('.'));
        return never ? why : $"{why} (to serve it: static: {{serve: [\"{path}\"]}} in strata.yaml)";
    }

    private static OciRun Describe(IReadOnlyList<string> command, Work work)
    {
        var labels = new Dictionary<string, string> { [OciImage.StackLabel] = OciImage.StackHost };
        if (work is { Plan.Static: true, File.Serve.Count: > 0 }) labels[ServedFiles.AllowedLabel] = string.Join(' ', work.File.Serve);
        return new OciRun { Cmd = work.Plan.Static ? null : command, WorkingDir = work.Plan.Static ? null : "/app", Labels = labels };
    }

    /// <summary>Relative path with links followed, or null if no possible result folder exists.</summary>
    private static string? FindOutput(BuildPlan plan, SourceTree result)
    {
        if (plan.Outputs.Count == 0) return "";
        var found = plan.Outputs.Where(x => result.Folder(x) is not null).ToList();
        var best = found.FirstOrDefault(x => plan.Static && result.HasFile(x + "/index.html")) ?? found.FirstOrDefault();
        return best is null ? null : result.Links.Resolve(best);
    }

    private async Task ShowAsync(BuildPlan plan, BuildLog log, CancellationToken cancellationToken)
    {
        var version = plan.Tools.Count > 0 ? await toolchain.DescribeAsync(plan.Tools[0], cancellationToken) : null;
        log.Step($"Detected {plan.Summary}{(version is null ? "" : $" ({version})")}");
        foreach (var note in plan.Notes) log.Note(note);
    }

    /// <summary>
    /// Values that the deployment does not set come from strata.yaml; numbers that always have a value come from strata.yaml if it sets
    /// them.
    /// </summary>
    private static ReleaseConfig Merge(ReleaseConfig config, StrataFile file)
    {
        var env = new Dictionary<string, string>(file.Env);
        foreach (var (name, value) in config.Env) env[name] = value;
        var run = config.Run with
        {
            Command = config.Run.Command ?? file.RunCommand,
            Port = config.Run.Port ?? file.Port,
            MemoryBytes = file.MemoryBytes ?? config.Run.MemoryBytes,
            Cpu = file.Cpu ?? config.Run.Cpu,
            StopGraceSeconds = file.StopGraceSeconds ?? config.Run.StopGraceSeconds,
        };
        var build = config.Build with
        {
            TimeoutSeconds = file.BuildTimeoutSeconds ?? config.Build.TimeoutSeconds,
            MemoryBytes = file.BuildMemoryBytes ?? config.Build.MemoryBytes,
            Cpu = file.BuildCpu ?? config.Build.Cpu,
        };
        return config with { Run = run, Build = build, Env = env, Health = file.Over(config.Health) };
    }
}

/// <summary>A build under way.</summary>
/// <param name="File">The source's strata.yaml; one without values where it has none.</param>
internal sealed record Work(
    BuildJob Job, BuildPlan Plan, ReleaseConfig Config, SourceTree Source, IWorkspace Workspace, BuildDeadline Deadline,
    StrataFile File, BuildLog Log);

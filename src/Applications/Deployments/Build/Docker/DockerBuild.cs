using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Strata.Core;
using Strata.Deployments.Detection;
using Strata.Deployments.Images;
using Strata.Deployments.Source;
using Strata.Runtimes.Sandbox;

namespace Strata.Deployments.Build.Docker;

/// <summary>
/// Builds an image by the machine's Docker and takes its root file system over as one layer: build, inspect, create, export, remove. What
/// Docker has of it is removed whatever happens; what a dead server left is removed before the first build of the next, found by its label.
/// Safe for concurrent use.
/// </summary>
internal sealed class DockerBuild(ImageStore images, DeploymentOptions options, TimeProvider time) : IDisposable
{
    private const int CpuPeriodUs = 100_000;
    private static readonly TimeSpan RemovalTime = TimeSpan.FromMinutes(1);

    private readonly string label = "dev.strata.home="
        + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(options.Home))))[..8];
    private readonly SemaphoreSlim sweeping = new(1);
    private bool isSwept;

    public void Dispose() => sweeping.Dispose();

    public async Task<Result<BuiltRelease>> BuildAsync(Work work, CancellationToken cancellationToken)
    {
        if (DockerCli.Find() is not { } docker) return BuildErrors.NoDocker(work.Plan.Dockerfile!, DockerEngine.NoAnswer, null);
        var limit = TimeSpan.FromSeconds(work.Config.Build.TimeoutSeconds);
        using var deadline = new CancellationTokenSource(limit, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var name = "strata-" + Guid.CreateVersion7(time.GetUtcNow()).ToString("n");
        try
        {
            await SweepAsync(docker, stop.Token);
            return await MakeAsync(docker, name, work, stop.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return BuildErrors.StepFailed("docker build", new SandboxOutcome.TimedOut(limit));
        }
        finally
        {
            await RemoveAsync(docker, name);
        }
    }

    private async Task<Result<BuiltRelease>> MakeAsync(DockerCli docker, string name, Work work, CancellationToken cancellationToken)
    {
        work.Log.Step("docker build");
        var code = await docker.FollowAsync(Arguments(name, work), work.Log.Line, cancellationToken);
        if (code != 0) return BuildErrors.StepFailed("docker build", new SandboxOutcome.Failed(code));
        var inspected = await docker.RunAsync(["image", "inspect", "--format", DockerImage.Format, name], cancellationToken);
        if (inspected.ExitCode != 0 || DockerImage.Parse(inspected.Output) is not { } image)
            return BuildErrors.DockerFailed("image inspect", inspected.Complaint);
        if (image.Size > work.Config.Build.DiskBytes) return BuildErrors.ImageTooLarge(work.Config.Build.DiskBytes);
        IReadOnlyList<string> command = work.Plan.Command is { } line ? ShellCommand.ToArguments(line) : image.Command;
        if (command.Count == 0) return BuildErrors.NoImageCommand(work.Plan.Dockerfile!);
        // It is never started; an image without a command of its own cannot even be created without one.
        var created = await docker.RunAsync(
            ["create", "--name", name, "--network", "none", "--label", label, name, "none"], cancellationToken);
        if (created.ExitCode != 0) return BuildErrors.DockerFailed("create", created.Words);
        return await PackAsync(docker, name, work, image, command, cancellationToken);
    }

    private List<string> Arguments(string name, Work work)
    {
        var (build, source) = (work.Config.Build, work.Source);
        var memory = build.MemoryBytes.ToString(CultureInfo.InvariantCulture);
        var quota = Math.Max(1000, (long)(build.Cpu * CpuPeriodUs)).ToString(CultureInfo.InvariantCulture);
        return
        [
            "build", "--tag", name, "--label", label, "--force-rm", "--memory", memory, "--memory-swap", memory,
            "--cpu-period", CpuPeriodUs.ToString(CultureInfo.InvariantCulture), "--cpu-quota", quota, "--file",
            source.File(work.Plan.Dockerfile!)!, source.Root,
        ];
    }

    private async Task<Result<BuiltRelease>> PackAsync(
        DockerCli docker, string name, Work work, DockerImage image, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var layer = new RootLayerWriter(work.Config.Build.DiskBytes);
        var content = new ImageContent(
            (target, stop) => docker.ReadAsync(["export", name], tar => layer.WriteAsync(tar, target, stop), stop), Describe(image));
        if (!(await images.PackAsync(work.Job.Tenant, content, cancellationToken)).TryGet(out var stored, out var error)) return error;
        foreach (var line in layer.LeftOut.Lines()) work.Log.Note(line);
        work.Log.Step(
            $"Packed {layer.Files} {(layer.Files == 1 ? "file" : "files")}, {ByteText.Format(stored.Bytes)}, in {BuildLog.Seconds(time.GetElapsedTime(started))}");
        return new BuiltRelease
        {
            Detected = work.Plan.Stack,
            Image = stored.Digest.ToString(),
            ImageBytes = stored.Bytes,
            Static = false,
            Command = command,
            Port = work.Config.Run.Port ?? image.Port ?? Builder.PortDefault,
            Config = work.Config with { Env = image.EnvUnder(work.Config.Env) },
            SourceEnv = image.EnvUnder(work.File.Env),
        };
    }

    private static OciRun Describe(DockerImage image) => new()
    {
        Entrypoint = image.Entrypoint,
        Cmd = image.Cmd,
        Env = image.Env,
        WorkingDir = image.WorkingDir is { Length: > 0 } folder ? folder : "/",
        User = image.User is { Length: > 0 } user ? user : null,
        ExposedPorts = image.ExposedPorts?.Keys.ToDictionary(x => x, _ => new object()),
        Labels = new Dictionary<string, string> { [OciImage.StackLabel] = OciImage.StackImage },
    };

    private async Task SweepAsync(DockerCli docker, CancellationToken cancellationToken)
    {
        await sweeping.WaitAsync(cancellationToken);
        try
        {
            if (isSwept) return;
            await docker.RunAsync(["container", "prune", "--force", "--filter", "label=" + label], cancellationToken);
            await docker.RunAsync(["image", "prune", "--all", "--force", "--filter", "label=" + label], cancellationToken);
            isSwept = true;
        }
        finally
        {
            sweeping.Release();
        }
    }

    private static async Task RemoveAsync(DockerCli docker, string name)
    {
        using var limit = new CancellationTokenSource(RemovalTime);
        try
        {
            await docker.RunAsync(["rm", "--force", "--volumes", name], limit.Token);
            await docker.RunAsync(["image", "rm", "--force", name], limit.Token);
        }
        catch (OperationCanceledException)
        {
            // The next life of this server removes it.
        }
    }
}

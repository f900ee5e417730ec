using System.Globalization;
using System.Text.Json;
using Strata.Cli.Shell;
using Strata.Cli.Upload;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Build;
using DeploymentResource = Strata.Core.Resource<Strata.Contracts.DeploymentSpec, Strata.Contracts.DeploymentStatus>;
using ReleaseResource = Strata.Core.Resource<Strata.Contracts.ReleaseSpec, Strata.Contracts.ReleaseStatus>;

namespace Strata.Cli.Deploying;

/// <summary>A deploy: source, release, build, rollout. Everything goes through the public API.</summary>
internal sealed class Deployer(Run run)
{
    private const int LeftOutNamedMax = 8;
    private static readonly TimeSpan GoneWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ProjectGoneWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan GonePause = TimeSpan.FromMilliseconds(100);

    /// <summary>How the builder's line begins that says why a build failed.</summary>
    private const string FailedMark = "==> Failed: ";
    private static readonly TimeSpan StateInterval = TimeSpan.FromSeconds(1);

    public const string BuildFailedCode = "BUILD_FAILED";
    public const string BuildCancelledCode = "BUILD_CANCELLED";

    private readonly Steps steps = new(run);

    /// <summary>Whether an earlier release serves.</summary>
    private bool serving;

    /// <summary>Name of the deployment that this deploy created; null: it was there before.</summary>
    private string? made;

    /// <summary>Whether the deployment that this deploy created is gone again.</summary>
    private bool isUndone;

    /// <summary>The project that this deploy created; null: it was there before.</summary>
    private AnyResource? madeProject;

    /// <summary>Called with the release's name as soon as it exists: from then on the work continues by itself.</summary>
    public string? Release { get; private set; }

    /// <summary>Whether the server was asked for a release, which it may have made even if no answer came.</summary>
    public bool Asked { get; private set; }

    /// <summary>Whether the build is done: what is left is the rollout.</summary>
    public bool Built { get; private set; }

    /// <summary>Of a deployment that is created.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether a project that does not exist is created.</summary>
    public bool CreatesProject { get; init; }

    /// <param name="waits">False: return as soon as the release is queued.</param>
    public async Task<DeploymentResource> DeployAsync(
        string name, DeploySource source, bool waits, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(name, source, waits, patience, cancellationToken);
        }
        catch (StrataException e) when (Release is null || isUndone)
        {
            if (madeProject is not null) await RemoveProjectAsync(madeProject, cancellationToken);
            if (e.Error.Kind != ErrorKind.Forbidden) throw;
            throw (await MissingPermissions.ExplainAsync(run, e.Error, source, cancellationToken)).ToException();
        }
    }

    private async Task<DeploymentResource> RunAsync(
        string name, DeploySource source, bool waits, TimeSpan patience, CancellationToken cancellationToken)
    {
        var deployments = run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments);
        var known = await deployments.FindAsync(name, cancellationToken: cancellationToken);
        serving = known?.Status.Release is not null;
        // A deployment that is there may say how it is built; of a new one the folder alone decides.
        if (known is null && source.Folder is { } local && SourceCheck.Check(local, cancellationToken) is { } unknown)
            throw unknown.ToException();
        if (known is not null && run.NamesProject) await EnsureProjectAsync(cancellationToken);
        if (known is not null) CheckLabels(known);
        // A deployment is made when its source is there, so that a failed upload leaves nothing behind; a name that is refused is refused
        // before the upload.
        DeploymentResource? created = null;
        if (!ResourceName.IsValid(name)) (known, created) = known is null
            ? await CreateAsync(deployments, name, cancellationToken) : (known, null);
        var config = source.Git is { } git ? new SourceConfig { Git = git } : await UploadAsync(source.Folder!, cancellationToken);
        Asked = true;
        if (known is null) (known, created) = await CreateAsync(deployments, name, cancellationToken);
        var release = await CreateReleaseAsync(known, created, config, cancellationToken);
        (Release, made) = (release.Name, created?.Name);
        if (!waits) return known;
        await steps.DoAsync($"Building {release.Name}", report => BuildAsync(release, created, report, cancellationToken), BuildSummary);
        Built = true;
        return await steps.DoAsync(
            $"Starting {name}", report => RolloutWait.UntilServesAsync(run, name, release, patience, report, cancellationToken), done =>
                $"{done.Name} serves {release.Name}");
    }

    /// <summary>Runs what the deployment runs with the variables that it has now; nothing is uploaded or built.</summary>
    /// <param name="release">Name or id of the release whose files are to run.</param>
    /// <param name="waits">False: return as soon as the release is queued.</param>
    public async Task<DeploymentResource> ApplyVariablesAsync(
        DeploymentResource deployment, string release, bool waits, TimeSpan patience, CancellationToken cancellationToken)
    {
        (serving, Asked) = (true, true);
        var made = await CreateReleaseAsync(deployment, null, new SourceConfig { Release = release }, cancellationToken);
        Release = made.Name;
        if (!waits) return deployment;
        await steps.DoAsync(
            $"Making {made.Name}", report => BuildAsync(made, null, report, cancellationToken), built => $"Made {built.Name}");
        Built = true;
        return await steps.DoAsync(
            $"Starting {deployment.Name}",
            report => RolloutWait.UntilServesAsync(run, deployment.Name, made, patience, report, cancellationToken),
            done => $"{done.Name} serves {made.Name}");
    }

    /// <summary>Labels are those of a new deployment: one that is there would silently stay in another environment.</summary>
    private void CheckLabels(DeploymentResource known)
    {
        var other = Labels.FirstOrDefault(l => known.Labels.GetValueOrDefault(l.Key) != l.Value);
        if (other.Key is null) return;
        var has = known.Labels.TryGetValue(other.Key, out var value) ? $"has the label {other.Key}={value}" : $"has no label {other.Key}";
        throw UsageErrors.Of($"The deployment \"{known.Name}\" is there already, and {has}.",
            $"Deploy under another name: --name {known.Name}-{other.Value.Shortened(20)}. To change its label: strata api PATCH "
            + $"/api/v1/deployments/{known.Name} -d '{{\"labels\":{{\"{other.Key}\":\"{other.Value.Shortened(60)}\"}}}}'").ToException();
    }

    /// <returns>The deployment of that name, and the same again where this call created it: null where another caller did so
    /// first.</returns>
    private async Task<(DeploymentResource Deployment, DeploymentResource? Created)> CreateAsync(
        ResourceClient<DeploymentSpec, DeploymentStatus> deployments, string name, CancellationToken cancellationToken)
    {
        var project = await EnsureProjectAsync(cancellationToken);
        try
        {
            var draft = new NewResource<DeploymentSpec> { Name = name, Project = project, Labels = Labels, Spec = new DeploymentSpec() };
            var created = await deployments.CreateAsync(draft, cancellationToken: cancellationToken);
            return (created, created);
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.Conflict)
        {
            // Someone else was faster; or the name is another project's, which this token does not see.
            if (await deployments.FindAsync(name, cancellationToken: cancellationToken) is { } made) return (made, null);
            throw;
        }
    }

    /// <summary>The project to deploy to. A token of one project means that one unless the command names another.</summary>
    private async Task<string> EnsureProjectAsync(CancellationToken cancellationToken)
    {
        var projects = run.Client.Resources(Plurals.Projects);
        if (await projects.FindAsync(run.Project, cancellationToken: cancellationToken) is not null) return run.Project;
        if (!run.NamesProject)
        {
            var visible = new List<string>();
            await foreach (var project in projects.ListAsync(cancellationToken: cancellationToken))
            {
                visible.Add(project.Name);
                if (visible.Count > 1) break;
            }
            if (visible is [var only]) return only;
        }
        if (!CreatesProject) throw NoProject(run.Project).ToException();
        var empty = JsonElement.Parse("{}");
        var draft = new NewResource<JsonElement> { Name = run.Project, Spec = empty };
        madeProject = await projects.CreateAsync(draft, cancellationToken: cancellationToken);
        run.Say($"Created project {run.Project}.");
        return run.Project;
    }

    /// <summary>Of a deploy that left nothing else. Best effort: the server keeps a project that is not empty.</summary>
    private async Task RemoveProjectAsync(AnyResource project, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ProjectGoneWithin);
        try
        {
            await run.Client.Resources(Plurals.Projects)
                .DeleteAsync(project.Id, ifMatch: project.Revision, cancellationToken: patience.Token);
            run.Say($"Removed project {project.Name} again: it is empty.");
        }
        catch (Exception e) when (e is StrataException or OperationCanceledException)
        {
            // why the deploy failed is what is reported
        }
    }

    private static Error NoProject(string name) => new(
        ErrorKind.NotFound, "NO_SUCH_PROJECT", $"There is no project \"{name}\".",
        "Create it with the deploy: --create-project; \"strata get projects\" lists the projects.");

    private async Task<SourceConfig> UploadAsync(string folder, CancellationToken cancellationToken)
    {
        var uploaded = await steps.DoAsync($"Uploading {folder}", async report =>
        {
            var listing = (await SourceTree.ListAsync(folder, cancellationToken)).Value;
            await using var archive = (await SourceArchive.PackAsync(folder, listing.Paths, cancellationToken)).Value;
            var bytes = archive.Content.Length;
            report($"Uploading {listing.Paths.Count} files, {ByteCount.Short(bytes)}");
            var known = await IsKnownAsync(archive.Digest, cancellationToken);
            if (!known) await run.Client.PutBlobAsync(archive.Digest, archive.Content, cancellationToken: cancellationToken);
            return (archive.Digest, archive.Files, archive.LeftOut, ByDefault: listing.LeftOut, Bytes: bytes, Known: known);
        }, done =>
            $"{(done.Known ? "Found" : "Uploaded")} {done.Files} {(done.Files == 1 ? "file" : "files")}, {ByteCount.Short(done.Bytes)}");
        foreach (var line in uploaded.LeftOut.Lines()) steps.Line(line);
        if (uploaded.ByDefault is [var first, ..] names) steps.Line(LeftOutByDefault(names, first));
        return new SourceConfig { Archive = uploaded.Digest };
    }

    private static string LeftOutByDefault(IReadOnlyList<string> names, string first)
    {
        var more = names.Count > LeftOutNamedMax ? $" and {names.Count - LeftOutNamedMax} more" : "";
        return $"left out: {string.Join(", ", names.Take(LeftOutNamedMax))}{more} (to keep one, add a line such as !{first} to .strataignore)";
    }

    /// <summary>A response to HEAD has no body that could say what is wrong: the upload that follows gets it.</summary>
    private async Task<bool> IsKnownAsync(string digest, CancellationToken cancellationToken)
    {
        try
        {
            return await run.Client.HasBlobAsync(digest, cancellationToken: cancellationToken);
        }
        catch (StrataException e) when (
            e.Error.Code is not (ClientErrors.ServerUnreachable or ClientErrors.ConnectionLost))
        {
            return false;
        }
    }

    /// <param name="created">The deployment as this deploy created it, to be deleted again if the server refuses the release; null: it was
    /// there.</param>
    private async Task<ReleaseResource> CreateReleaseAsync(
        DeploymentResource deployment, DeploymentResource? created, SourceConfig source, CancellationToken cancellationToken)
    {
        try
        {
            return await NewRelease.CreateAsync(run.Client, deployment, source, cancellationToken);
        }
        catch (StrataException e) when (created is not null
            && e.Error.Kind is ErrorKind.Invalid or ErrorKind.Unprocessable or ErrorKind.Forbidden or ErrorKind.TooLarge)
        {
            await TryUndoAsync(created, null);
            throw;
        }
    }

    private async Task<ReleaseResource> BuildAsync(
        ReleaseResource release, DeploymentResource? created, Action<string> report, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var showing = ShowStateAsync(release, report, ended.Token);
        // The log's last line repeats what the error below reports.
        string? reason = null;
        await foreach (var line in run.Client.LogsAsync("releases", release.Id, new LogQuery { Follow = true }, cancellationToken))
        {
            if (reason is not null) steps.Line(reason);
            reason = line.Text.StartsWith(FailedMark, StringComparison.Ordinal) ? line.Text : null;
            if (reason is null) steps.Line(line.Text);
        }
        await ended.CancelAsync();
        await showing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var built = await run.Client.Resources<ReleaseSpec, ReleaseStatus>(Plurals.Releases)
            .FindAsync(release.Id, cancellationToken: cancellationToken);
        return built?.State switch
        {
            null => throw Cancelled(release).ToException(),
            ReleaseStates.Cancelled => throw Cancelled(built).ToException(),
            ReleaseStates.Failed => throw BuildFailed(built, await IsUndoneAsync(created, built)).ToException(),
            _ => built,
        };
    }

    /// <summary>QUEUED is shown as such, with the place in the queue.</summary>
    private async Task ShowStateAsync(ReleaseResource release, Action<string> report, CancellationToken cancellationToken)
    {
        var releases = run.Client.Resources<ReleaseSpec, ReleaseStatus>(Plurals.Releases);
        while (await releases.FindAsync(release.Id, cancellationToken: cancellationToken) is { } now && !ReleaseStates.IsEnd(now.State))
        {
            report(now.State == ReleaseStates.Queued
                ? $"{now.Name} is queued{(now.Status.QueuePlace is { } place ? $", place {place}" : "")}"
                : $"Building {now.Name}");
            if (now.State == ReleaseStates.Building) return;
            await Task.Delay(StateInterval, run.Terminal.Time, cancellationToken);
        }
    }

    private static string BuildSummary(ReleaseResource built) =>
        $"Built {built.Name}" + (built.Status.Detected is { } what
            ? $" ({what}{(built.Status.ImageBytes > 0 ? ", " + ByteCount.Short(built.Status.ImageBytes) : "")})" : "");

    private Error BuildFailed(ReleaseResource built, bool isUndone) => new(
        ErrorKind.Unprocessable, BuildFailedCode, built.Status.Message ?? $"The build of {built.Name} failed.",
        isUndone ? "Fix that and deploy again. Nothing of this deploy was kept: no deployment, no release, no route."
            : $"The whole log: strata logs release/{built.Name}{ServesOn()}{Options(built)}");

    /// <summary>Of a first deploy that failed: the deployment is there and serves nothing.</summary>
    private string Options(ReleaseResource built) => serving || made is not { } deployment
        ? "" : $". Deploy again to repeat it, or remove what is there: strata delete deployment/{deployment}";

    /// <summary>Whether a first deploy whose source was never built was undone, with the deployment that it created.</summary>
    private async Task<bool> IsUndoneAsync(DeploymentResource? created, ReleaseResource release) =>
        created is not null && release.Status.SourceRejected && await TryUndoAsync(created, release.Id);

    /// <param name="release">Id of the rejected release; null: none was created.</param>
    private async Task<bool> TryUndoAsync(DeploymentResource created, string? release)
    {
        if (!await RejectedDeploy.UndoAsync(run, created, release)) return false;
        var deployments = run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments);
        try
        {
            for (var end = run.Now + GoneWithin; run.Now < end; await Task.Delay(GonePause, run.Terminal.Time, CancellationToken.None))
            {
                if (await deployments.FindAsync(created.Id, cancellationToken: CancellationToken.None) is null) return isUndone = true;
            }
        }
        catch (StrataException)
        {
            // why the source was rejected is what is reported
        }
        return false;
    }

    private Error Cancelled(ReleaseResource release) => new(
        ErrorKind.Conflict, BuildCancelledCode, release.Status.Message
            ?? $"The build of {release.Name} was cancelled.", $"Deploy again to build it{ServesOn()}");

    /// <summary>Of a first deploy nothing served before.</summary>
    private string ServesOn() => serving ? " (the earlier release still serves)" : "";
}

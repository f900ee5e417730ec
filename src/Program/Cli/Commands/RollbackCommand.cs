using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Strata.Cli.Deploying;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata rollback NAME [RELEASE]</c>: back to an earlier release, which is not built again.</summary>
internal static class RollbackCommand
{
    private static readonly Argument<string> Name = new Argument<string>("name") { Description = "Deployment" }.CompletesNames(
        "deployments");

    private static readonly Argument<string?> Release = new Argument<string?>("release")
    {
        Description = "Release by number, name or id (default: the one before)", Arity = ArgumentArity.ZeroOrOne,
    }.CompletesReleasesOf(Name);

    private static readonly Option<bool> NoWait = SharedOptions.NoWait();
    private static readonly Option<int> WaitTimeout = SharedOptions.WaitTimeout();

    public static Command Create(Terminal terminal) =>
        new Command("rollback", "Go back to an earlier release without a build") { Name, Release, NoWait, WaitTimeout }.Does(
            terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Name);
        var deployment = await run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments)
            .GetAsync(name, cancellationToken: cancellationToken);
        var target = await FindAsync(run, deployment, run.Parse.GetValue(Release), cancellationToken);
        var spec = new { release = target.Id, env = Back(deployment, target) };
        var patch = new ResourcePatch(new JsonText(JsonSerializer.SerializeToUtf8Bytes(spec)));
        return await Rollout.RunAsync(
            run, name, !run.Parse.GetValue(NoWait), run.Parse.GetValue(WaitTimeout), $"Rolling back to {target.Name}",
            _ => $"{target.Name} serves again",
            client => client.TransitionAsync(name, "rollback", patch, cancellationToken: cancellationToken), cancellationToken);
    }

    /// <summary>
    /// The deployment's own variables as they were: otherwise the next change would bring back what was rolled away from. Null: removed.
    /// </summary>
    private static Dictionary<string, string?> Back(
        Resource<DeploymentSpec, DeploymentStatus> deployment, Resource<ReleaseSpec, ReleaseStatus> target)
    {
        if (target is not { Spec.Env: { } env, Status.SourceEnv: { } ofSource }) return []; // not known: they stay
        var back = deployment.Spec.Env.Keys.ToDictionary(name => name, _ => (string?)null);
        foreach (var (name, value) in env.Where(x => ofSource.GetValueOrDefault(x.Key) != x.Value)) back[name] = value;
        return back;
    }

    private static async Task<Resource<ReleaseSpec, ReleaseStatus>> FindAsync(
        Run run, Resource<DeploymentSpec, DeploymentStatus> deployment, string? wanted, CancellationToken cancellationToken)
    {
        var ready = new List<Resource<ReleaseSpec, ReleaseStatus>>();
        var filter = new ResourceFilter { State = ReleaseStates.Ready,
            Fields = new Dictionary<string, string> { ["spec.deployment"] = deployment.Id } };
        await foreach (var release in run.Client.Resources<ReleaseSpec, ReleaseStatus>(Plurals.Releases)
            .ListAsync(filter, cancellationToken)) ready.Add(release);
        var current = ready.Find(r => r.Id == (deployment.Status.Release ?? deployment.Spec.Release));
        var found = wanted is null
            ? ready.Where(r => current is null || r.Status.Number < current.Status.Number).MaxBy(r => r.Status.Number)
            : ready.Find(r => r.Name == wanted || r.Id == wanted
                || r.Status.Number.ToString(CultureInfo.InvariantCulture) == wanted.TrimStart('v', '#'));
        return found ?? throw NotFound(deployment.Name, wanted, ready).ToException();
    }

    private static Error NotFound(string deployment, string? wanted, List<Resource<ReleaseSpec, ReleaseStatus>> ready) => new(
        ErrorKind.NotFound, "NO_SUCH_RELEASE",
        wanted is null ? $"{deployment} has no earlier release to go back to." : $"{deployment} has no ready release \"{wanted}\".",
        ready.Count == 0 ? $"Deploy one: strata deploy --name {deployment}" : "There are: "
            + string.Join(", ", ready.OrderBy(r => r.Status.Number).Select(r => r.Name)) + ".");
}

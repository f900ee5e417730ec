using System.CommandLine;
using Strata.Cli.Deploying;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata scale NAME --replicas N</c>, or <c>strata scale NAME N</c>.</summary>
internal static class ScaleCommand
{
    private const int ReplicasMax = 100;

    private static readonly Argument<string> Name = new Argument<string>("name") { Description = "Deployment" }.CompletesNames(
        "deployments");
    private static readonly Argument<int?> Count = new Argument<int?>(
        "count") { Description = "Number of instances, 0 to 100", Arity = ArgumentArity.ZeroOrOne }.Between(0, ReplicasMax);
    private static readonly Option<int?> Replicas =
        new Option<int?>("--replicas") { Description = "Number of instances, 0 to 100", HelpName = "N" }.Between(0, ReplicasMax);
    private static readonly Option<bool> NoWait = SharedOptions.NoWait();
    private static readonly Option<int> WaitTimeout = SharedOptions.WaitTimeout();

    public static Command Create(Terminal terminal) =>
        new Command("scale", "Set the number of instances of a deployment") { Name, Count, Replicas, NoWait, WaitTimeout }.Does(
            terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Name);
        var count = CountOf(run, name);
        var deployment = await run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments)
            .GetAsync(name, cancellationToken: cancellationToken);
        if (deployment.Status.Static) throw NothingToScale(name).ToException();
        if (deployment is { Spec.Release: null, Status.Candidate: null }) throw Rollout.NoRelease(deployment).ToException();
        var patch = new ResourcePatch(JsonText.FromString("{\"run\":{\"replicas\":" + count + "}}"));
        var waits = !run.Parse.GetValue(NoWait);
        return await Rollout.RunAsync(
            run, name, waits, run.Parse.GetValue(WaitTimeout), $"Scaling {name} to {count}",
            _ => $"{name} runs {count} {(count == 1 ? "instance" : "instances")}",
            client => client.TransitionAsync(name, "resize", patch, cancellationToken: cancellationToken), cancellationToken);
    }

    private static int CountOf(Run run, string name)
    {
        var (option, argument) = (run.Parse.GetValue(Replicas), run.Parse.GetValue(Count));
        if (option is not null && argument is not null && option != argument)
            throw UsageErrors.Of($"{argument} and --replicas {option} contradict each other.",
                $"Give one of them: strata scale {name} {argument}").ToException();
        return option ?? argument ?? throw UsageErrors.Of("How many instances?", $"strata scale {name} --replicas 2").ToException();
    }

    private static Error NothingToScale(string name) => new(
        ErrorKind.Conflict, "NOTHING_TO_SCALE",
        $"{name} is a static site: the edge serves its files itself, without instances, so there is nothing to scale.",
        $"Take it offline with: strata delete deployment/{name}");
}

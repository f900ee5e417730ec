using System.CommandLine;
using Strata.Cli.Deploying;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata scale NAME --replicas N</c>, or <c>strata scale NAME N</c>.</summary>
internal static class ScaleCommand
{
    private static readonly Argument<string> Name = new Argument<string>("name") { Description = "Deployment" }.CompletesNames("deployments");
    private static readonly Argument<int?> Count = new("count") { Description = "Instances, 0 to 100", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<int?> Replicas = new("--replicas") { Description = "Instances, 0 to 100", HelpName = "N" };
    private static readonly Option<bool> NoWait = SharedOptions.NoWait();
    private static readonly Option<int> WaitTimeout = SharedOptions.WaitTimeout();

    public static Command Create(Terminal terminal) =>
        new Command("scale", "Say how many instances of a deployment run") { Name, Count, Replicas, NoWait, WaitTimeout }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var count = run.Parse.GetValue(Replicas) ?? run.Parse.GetValue(Count)
            ?? throw UsageErrors.Of("How many instances?", "strata scale NAME --replicas 2").ToException();
        var name = run.Parse.GetRequiredValue(Name);
        var patch = new ResourcePatch(JsonText.FromString("{\"run\":{\"replicas\":" + count + "}}"));
        var waits = !run.Parse.GetValue(NoWait);
        return await Rollout.RunAsync(
            run, name, waits, run.Parse.GetValue(WaitTimeout), $"Scaling {name} to {count}", _ => $"{name} runs {count} {(count == 1 ? "instance" : "instances")}",
            client => client.TransitionAsync(name, "resize", patch, cancellationToken: cancellationToken), cancellationToken);
    }
}

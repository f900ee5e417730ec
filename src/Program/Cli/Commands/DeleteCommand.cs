using System.CommandLine;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata delete KIND/NAME</c>. Asks first; its history stays.</summary>
internal static class DeleteCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private static readonly Argument<string> Target =
        new Argument<string>("resource") { Description = "KIND/NAME, a deployment's name or an id" }.CompletesResources();
    private static readonly Argument<string?> Name =
        new Argument<string?>("name") { Description = "Name, where the first word is a kind",
            Arity = ArgumentArity.ZeroOrOne }.CompletesNamesOf(Target);
    private static readonly Option<bool> Yes = SharedOptions.Yes();
    private static readonly Option<bool> Force =
        new("--force")
        {
            Description = "Also what is in use: the last node that is up, a role, team or environment, the token or client that you use",
        };
    private static readonly Option<bool> NoWait = SharedOptions.NoWait();
    private static readonly Option<int> WaitTimeout = SharedOptions.WaitTimeout();

    public static Command Create(Terminal terminal) =>
        new Command("delete", "Delete a resource; its history stays") { Target, Name, Yes, Force, NoWait, WaitTimeout }.Does(
            terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var kinds = await KindCatalog.LoadAsync(run.Client, cancellationToken);
        var target = kinds.Parse(run.Parse.GetRequiredValue(Target), run.Parse.GetValue(Name));
        var client = run.Client.Resources(target.Kind.Plural);
        var resource = await client.GetAsync(target.Name, cancellationToken: cancellationToken);
        var domains = target.Kind.Plural == Plurals.Deployments ? await DomainsOfAsync(run, resource.Id, cancellationToken) : "";
        var with = domains.Length > 0 ? $", and with it {domains}" : "";
        if (!await Confirmation.AskAsync(run, Yes, $"Delete {resource.Kind} {resource.Name}{with}?", cancellationToken))
            return CommandRunner.Failed;
        var last = await client.DeleteAsync(resource.Id, force: run.Parse.GetValue(Force), cancellationToken: cancellationToken);
        if (!last.Deleted && !run.Parse.GetValue(NoWait)) await WaitUntilGoneAsync(run, target.Kind, resource, cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(last))) run.Say($"Deleted {resource.Kind} {resource.Name}{with}.");
        return CommandRunner.Done;
    }

    /// <summary>Addresses that were added to it: with their rules they do not come back.</summary>
    private static async Task<string> DomainsOfAsync(Run run, string id, CancellationToken cancellationToken)
    {
        var deployment = await run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments)
            .GetAsync(id, cancellationToken: cancellationToken);
        var added = (await OpenAddresses.OfAsync(run, id, cancellationToken)).Where(r => !OpenAddresses.IsOwn(deployment, r));
        return string.Join(", ", added.Select(DomainsCommand.Shown));
    }

    private static async Task WaitUntilGoneAsync(Run run, KindInfo kind, AnyResource resource, CancellationToken cancellationToken)
    {
        var client = run.Client.Resources(kind.Plural);
        var end = run.Now + TimeSpan.FromSeconds(run.Parse.GetValue(WaitTimeout));
        while (await client.FindAsync(resource.Id, cancellationToken: cancellationToken) is not null)
        {
            if (run.Now > end) throw StillThere(resource).ToException();
            await Task.Delay(Pause, run.Terminal.Time, cancellationToken);
        }
    }

    private static Core.Error StillThere(AnyResource resource) => new(
        Core.ErrorKind.Timeout, "WAIT_TIMEOUT", $"{resource.Name} is still being removed; the work goes on.",
        $"strata describe {resource.Kind}/{resource.Name}");
}

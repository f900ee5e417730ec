using System.CommandLine;
using Strata.Cli.Deploying;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands;

/// <summary><c>strata deploy [FOLDER | GIT-URL]</c>: a new release of a deployment, built and running.</summary>
internal static class DeployCommand
{
    private static readonly Argument<string?> Source =
        new("source") { Description = "Folder or git repository [the current folder]", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> Name =
        new("--name") { Description = "Name of the deployment [from strata.yaml, or the folder's name]", HelpName = "NAME" };
    private static readonly Option<string?> Branch =
        new("--branch", "-b") { Description = "Branch or tag of the repository", HelpName = "BRANCH" };
    private static readonly Option<bool> CreateProject =
        new("--create-project") { Description = "Create the project of --project if it does not exist" };
    private static readonly Option<string[]> Label = new("--label")
    {
        Description = "Label of a new deployment, which its releases and instances get too; repeatable", HelpName = "KEY=VALUE",
    };

    private static readonly Option<string?> Environment = SharedOptions.Environment("Environment of a new deployment");

    private static readonly Option<bool> NoWait = SharedOptions.NoWait();
    private static readonly Option<int> WaitTimeout = SharedOptions.WaitTimeout();

    public static Command Create(Terminal terminal) =>
        new Command("deploy", "Build and run a folder or a git repository")
        {
            Source, Name, Branch, Environment, Label, CreateProject, NoWait, WaitTimeout,
        }.Does(terminal, RunAsync, createsProject: true);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var source = DeploySource.Parse(run.Parse.GetValue(Source), run.Parse.GetValue(Branch));
        var name = run.Parse.GetValue(Name) ?? source.DefaultName();
        var deployer = new Deployer(run)
        {
            CreatesProject = run.Parse.GetValue(CreateProject),
            Labels = LabelText.Parse(run.Parse.GetValue(Label) ?? [], run.Parse.GetValue(Environment)),
        };
        return await CutOff.RunAsync(run, () => Ongoing(name, deployer), async () =>
        {
            var patience = TimeSpan.FromSeconds(run.Parse.GetValue(WaitTimeout));
            var deployment = await deployer.DeployAsync(name, source, !run.Parse.GetValue(NoWait), patience, cancellationToken);
            if (run.Parse.GetValue(NoWait))
                run.Say($"{deployer.Release} is queued. Follow it with: strata logs release/{deployer.Release} -f");
            Rollout.Finish(run, deployment);
            return CommandRunner.Done;
        }, cancellationToken);
    }

    private static OngoingWork? Ongoing(string name, Deployer deployer) => deployer switch
    {
        { Built: true } =>
            new($"{deployer.Release} is built; its rollout continues.",
                $"Follow it with: strata describe {name}. Go back with: strata rollback {name}."),
        { Release: { } release } => new(
            $"The deploy of {release} continues.",
            $"Follow it with: strata logs release/{release} -f, or strata describe {name}. Cancel it with: strata cancel release/{release}."),
        { Asked: true } => new("It is not known whether a release was created.", "Look with: strata get releases."),
        _ => null,
    };
}

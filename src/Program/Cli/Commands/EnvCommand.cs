using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Data;
using Strata.Cli.Deploying;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using DeploymentResource = Strata.Core.Resource<Strata.Contracts.DeploymentSpec, Strata.Contracts.DeploymentStatus>;

namespace Strata.Cli.Commands;

/// <summary>
/// <c>strata env</c>: the variables of a deployment. A change is a release of its own, which runs the same files: it takes a moment, and a
/// rollback takes it back.
/// </summary>
internal static class EnvCommand
{
    private static readonly Argument<string> Name = new Argument<string>("deployment") { Description = "Deployment" }
        .CompletesNames(Plurals.Deployments);

    private static readonly Argument<string[]> Pairs = new("variables")
    {
        Description = "NAME=VALUE, each a variable", Arity = ArgumentArity.ZeroOrMore,
    };

    private static readonly Argument<string[]> Names = new("names")
    {
        Description = "Names of variables", Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string[]> Secret = new("--secret")
    {
        Description = "Variable that gets the value of a secret; repeatable", HelpName = "NAME=SECRET",
    };

    private static readonly Argument<string> File = new("file")
    {
        Description = "File with NAME=VALUE lines, such as .env; -: standard input",
    };

    private static readonly Option<bool> NoRelease = new("--no-release")
    {
        Description = "Only keep the change: it takes effect with the next deploy",
    };

    private static readonly Option<bool> NoWait = SharedOptions.NoWait();
    private static readonly Option<int> WaitTimeout = SharedOptions.WaitTimeout();

    public static Command Create(Terminal terminal) => new("env", "Show and change the variables of a deployment")
    {
        new Command("list", "List a deployment's variables") { Name }.Does(terminal, ListAsync),
        new Command("set", "Set variables, and run the deployment with them")
        {
            Name, Pairs, Secret, NoRelease, NoWait, WaitTimeout,
        }.Does(terminal, SetAsync),
        new Command("unset", "Remove variables, and run the deployment without them")
        {
            Name, Names, NoRelease, NoWait, WaitTimeout,
        }.Does(terminal, UnsetAsync),
        new Command("import", "Set the variables of a file, and run the deployment with them")
        {
            Name, File, NoRelease, NoWait, WaitTimeout,
        }.Does(terminal, ImportAsync),
        new Command("apply", "Run the deployment with its variables of now") { Name, NoWait, WaitTimeout }.Does(terminal, ApplyAsync),
    };

    /// <summary>As programs see one.</summary>
    /// <param name="From"><c>deployment</c> or <c>source</c>: strata.yaml or the Dockerfile.</param>
    public sealed record Shown(string Name, string Value, string From);

    private static async Task<int> ListAsync(Run run, CancellationToken cancellationToken)
    {
        var deployment = await GetAsync(run, cancellationToken);
        var variables = await AllAsync(run, deployment, cancellationToken);
        if (run.WriteMachine(variables)) return CommandRunner.Done;
        if (variables.Count == 0) run.Say($"No variables. Set one: strata env set {deployment.Name} NAME=VALUE");
        else
        {
            var table = new Table("NAME", "VALUE", "FROM");
            foreach (var variable in variables) table.Add(variable.Name, variable.Value, variable.From);
            table.Write(run.Terminal);
        }
        if (deployment is { State: DeploymentStates.Running, Status.Message: { } message }) run.Say(message);
        return CommandRunner.Done;
    }

    private static async Task<IReadOnlyList<Shown>> AllAsync(Run run, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        var all = deployment.Spec.Env.Select(x => new Shown(x.Key, x.Value, "deployment")).ToList();
        if ((deployment.Spec.Release ?? deployment.Status.Release) is { } id
            && await run.Client.Resources<ReleaseSpec, ReleaseStatus>(Plurals.Releases)
                .FindAsync(id, cancellationToken: cancellationToken) is { Status.SourceEnv: { } ofSource })
            all.AddRange(ofSource.Where(x => !deployment.Spec.Env.ContainsKey(x.Key)).Select(x => new Shown(x.Key, x.Value, "source")));
        return [.. all.OrderBy(x => x.Name, StringComparer.Ordinal)];
    }

    private static Task<int> SetAsync(Run run, CancellationToken cancellationToken)
    {
        var variables = new Dictionary<string, string?>();
        foreach (var (name, value) in Split(run.Parse.GetValue(Pairs) ?? [], "NAME=VALUE")) Add(name, value);
        foreach (var (name, secret) in Split(run.Parse.GetValue(Secret) ?? [], "NAME=SECRET"))
            Add(name, ResourceName.IsValid(secret) ? new VariableReference(secret).ToString() : throw NoSecret(secret).ToException());
        if (variables.Count == 0)
            throw UsageErrors.Of(
                "There is no variable to set.", $"Name it with its value: strata env set {run.Parse.GetRequiredValue(Name)} LOG_LEVEL=debug")
                .ToException();
        return ChangeAsync(run, variables, cancellationToken);

        void Add(string name, string value)
        {
            if (!variables.TryAdd(name, value))
                throw UsageErrors.Of($"{name.Shortened(80)} is there twice.", "Set each variable once.").ToException();
        }
    }

    private static Task<int> UnsetAsync(Run run, CancellationToken cancellationToken) =>
        ChangeAsync(run, run.Parse.GetRequiredValue(Names).Distinct().ToDictionary(name => name, _ => (string?)null), cancellationToken);

    private static async Task<int> ImportAsync(Run run, CancellationToken cancellationToken)
    {
        var file = run.Parse.GetRequiredValue(File);
        var text = await DataInput.ReadTextAsync(file, VariableFile.BytesMax, cancellationToken);
        if (!VariableFile.Read(text).TryGet(out var variables, out var error)) throw error.ToException();
        return await ChangeAsync(run, variables.ToDictionary(x => x.Key, x => (string?)x.Value), cancellationToken);
    }

    /// <param name="variables">Null: removed.</param>
    private static async Task<int> ChangeAsync(
        Run run, IReadOnlyDictionary<string, string?> variables, CancellationToken cancellationToken)
    {
        var known = await GetAsync(run, cancellationToken);
        if (variables.Keys.FirstOrDefault(name => variables[name] is null && !known.Spec.Env.ContainsKey(name)) is { } missing)
            throw NotSet(known, missing).ToException();
        foreach (var name in variables.Keys.Where(name => variables[name] is { } value && LooksSecret(name, value)))
            run.Say($"Note: {name} looks like a secret, and everyone who sees the deployment sees its variables. To keep it from view: "
                + $"strata secrets set {SecretName(name)}, then strata env set {known.Name} --secret {name}={SecretName(name)}");
        foreach (var name in variables.Keys.Where(IsStratas)) run.Say($"Note: {name} is set by Strata in each instance, so that yours has no effect.");
        if (known is { State: DeploymentStates.Running, Status.Message: null }
            && variables.All(x => x.Value == known.Spec.Env.GetValueOrDefault(x.Key)))
        {
            run.Say("Nothing changes: the deployment runs with these variables.");
            Rollout.Finish(run, known);
            return CommandRunner.Done;
        }
        var spec = new Dictionary<string, IReadOnlyDictionary<string, string?>> { ["env"] = variables };
        var patch = new ResourcePatch(new JsonText(JsonSerializer.SerializeToUtf8Bytes(spec)));
        var changed = await run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments)
            .PatchAsync(known.Id, patch, cancellationToken: cancellationToken);
        if (run.Parse.GetValue(NoRelease))
        {
            run.Say($"Kept. It takes effect with the next deploy, or with: strata env apply {known.Name}");
            Rollout.Finish(run, changed);
            return CommandRunner.Done;
        }
        try
        {
            return await ApplyAsync(run, changed, cancellationToken);
        }
        catch (StrataException e) when (e.Error.Code is RolloutWait.SupersededCode or Deployer.BuildCancelledCode)
        {
            // By a later change, which has these variables too unless it was about the same ones.
            var now = await GetAsync(run, cancellationToken);
            if (variables.Any(x => x.Value != now.Spec.Env.GetValueOrDefault(x.Key))) throw;
            run.Say($"A later change of {now.Name} applies them.");
            Rollout.Finish(run, now);
            return CommandRunner.Done;
        }
        catch (StrataException e) when (e.Error.Code == Deployer.BuildFailedCode)
        {
            throw (e.Error with
            {
                Message = $"{e.Error.Message} The change of the variables is kept, and the deployment runs with those of before.",
                NextStep = $"Once that is corrected: strata env apply {changed.Name}. To take a variable out: strata env unset {changed.Name} NAME",
            }).ToException();
        }
    }

    private static async Task<int> ApplyAsync(Run run, CancellationToken cancellationToken) =>
        await ApplyAsync(run, await GetAsync(run, cancellationToken), cancellationToken);

    private static async Task<int> ApplyAsync(Run run, DeploymentResource deployment, CancellationToken cancellationToken)
    {
        if (deployment.Status.Static || (deployment.Spec.Release ?? deployment.Status.Release) is not { } release)
        {
            run.Say(deployment.Status.Static
                ? "Kept. A static site gets its variables when it is built: deploy it again to apply them."
                : "Kept. It takes effect with the first deploy.");
            Rollout.Finish(run, deployment);
            return CommandRunner.Done;
        }
        var (name, deployer, waits) = (deployment.Name, new Deployer(run), !run.Parse.GetValue(NoWait));
        return await CutOff.RunAsync(run, () => Ongoing(name, deployer), async () =>
        {
            var patience = TimeSpan.FromSeconds(run.Parse.GetValue(WaitTimeout));
            var applied = await deployer.ApplyVariablesAsync(deployment, release, waits, patience, cancellationToken);
            if (!waits) run.Say($"{deployer.Release} will run with the variables. Follow it with: strata describe {name}");
            Rollout.Finish(run, applied);
            return CommandRunner.Done;
        }, cancellationToken);
    }

    private static OngoingWork Ongoing(string name, Deployer deployer) => deployer.Release is { } release
        ? new($"The variables are set, and {release} will run with them.",
            $"Follow it with: strata describe {name}. Go back with: strata rollback {name}.")
        : new("The variables are set; it is not known whether the deployment will run with them.", $"To be sure: strata env apply {name}.");

    private static Task<DeploymentResource> GetAsync(Run run, CancellationToken cancellationToken) =>
        run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments)
            .GetAsync(run.Parse.GetRequiredValue(Name), cancellationToken: cancellationToken);

    private static IEnumerable<(string Name, string Value)> Split(IEnumerable<string> pairs, string form) => pairs.Select(pair =>
        pair.Split('=', 2) is [{ Length: > 0 } name, var value] ? (name, value)
            : throw UsageErrors.Of($"\"{pair.Shortened(60)}\" is not {form}.", "Put \"=\" between the name and the value.").ToException());

    private static bool IsStratas(string name) =>
        name is "PORT" or "HOST" or "STRATA_URL" or "STRATA_TOKEN" or "STRATA_INSTANCE" or "STRATA_RELEASE" or "STRATA_DEPLOYMENT";

    private static bool LooksSecret(string name, string value) => value.Length > 0 && !IsStratas(name) && VariableReference.IsPlain(value)
        && new[] { "PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "CREDENTIAL" }
            .Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    private static string SecretName(string variable)
    {
        var name = variable.ToLowerInvariant().Replace('_', '-').Trim('-');
        return ResourceName.IsValid(name) ? name : "NAME";
    }

    private static Error NoSecret(string name) => UsageErrors.Of(
        $"\"{name.Shortened(80)}\" is not the name of a secret.", "List those that there are: strata secrets");

    private static Error NotSet(DeploymentResource deployment, string variable) => new(
        ErrorKind.NotFound, "NO_SUCH_VARIABLE", $"The deployment \"{deployment.Name}\" itself sets no variable {variable.Shortened(80)}.",
        $"List them: strata env list {deployment.Name}. Those of the source are changed in its strata.yaml or Dockerfile.");
}

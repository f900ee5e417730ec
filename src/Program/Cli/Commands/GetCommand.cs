using System.CommandLine;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;

namespace Strata.Cli.Commands;

/// <summary><c>strata get KIND [NAME]</c>: one resource or a list, of any kind, now or as it was.</summary>
internal static class GetCommand
{
    private static readonly Argument<string> Kind = new Argument<string>("kind") { Description = "Kind such as deployments, releases, instances or nodes; KIND/NAME; or an id" }.CompletesKinds();
    private static readonly Argument<string?> Name = new Argument<string?>("name") { Description = "Name or id; without it all are listed", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> At = SharedOptions.At();
    private static readonly Option<string?> State = new("--state") { Description = "Only resources in this state", HelpName = "STATE" };

    private static readonly Option<string[]> Where = new("--where")
    {
        Description = "Only resources whose field has this value: spec.deployment=dep_…, labels.tier=web", HelpName = "FIELD=VALUE", Arity = ArgumentArity.OneOrMore,
    };

    public static Command Create(Terminal terminal) =>
        new Command("get", "List resources of a kind, or show one") { Kind, Name, At, State, Where }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var at = SharedOptions.ReadAt(run, At);
        var kinds = await KindCatalog.LoadAsync(run.Client, cancellationToken);
        var (word, name) = (run.Parse.GetRequiredValue(Kind), run.Parse.GetValue(Name));
        if (name is not null || word.Contains('/', StringComparison.Ordinal) || kinds.FindById(word) is not null)
        {
            var target = kinds.Parse(word, name);
            var resource = await run.Client.Resources(target.Kind.Plural).GetAsync(target.Name, at: at, cancellationToken: cancellationToken);
            if (!run.WriteMachine(ResourceOutput.ToJson(resource))) await ResourceOutput.WriteListAsync(run, kinds, target.Kind, [resource], cancellationToken);
            return CommandRunner.Done;
        }
        return await ListAsync(run, kinds, kinds.Find(word), at, cancellationToken);
    }

    private static async Task<int> ListAsync(Run run, KindCatalog kinds, KindInfo kind, DateTimeOffset? at, CancellationToken cancellationToken)
    {
        var filter = new ResourceFilter
        {
            Project = run.Parse.GetValue(GlobalOptions.Project), State = run.Parse.GetValue(State), At = at, Fields = Fields(run.Parse.GetValue(Where) ?? []),
        };
        var resources = new List<AnyResource>();
        await foreach (var resource in run.Client.Resources(kind.Plural).ListAsync(filter, cancellationToken)) resources.Add(resource);
        await ResourceOutput.WriteListAsync(run, kinds, kind, resources, cancellationToken);
        return CommandRunner.Done;
    }

    private static Dictionary<string, string> Fields(IEnumerable<string> conditions) => conditions.Select(c => c.Split('=', 2)).ToDictionary(
        pair => pair[0], pair => pair.Length == 2 ? pair[1] : throw UsageErrors.Of($"\"{pair[0]}\" is not FIELD=VALUE.", "For example --where spec.static=true").ToException());
}

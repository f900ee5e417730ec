using System.CommandLine;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata get KIND [NAME]</c>: one resource or a list, of any kind, now or as it was.</summary>
internal static class GetCommand
{
    private static readonly Argument<string> Kind = new Argument<string>(
        "kind") { Description = "Kind such as deployments, releases, instances or nodes; KIND/NAME; or an id" }.CompletesKinds();
    private static readonly Argument<string?> Name = new Argument<string?>(
        "name") { Description = "Name or id; without it all are listed", Arity = ArgumentArity.ZeroOrOne }.CompletesNamesOf(Kind);
    private static readonly Option<string?> At = SharedOptions.At();
    private static readonly Option<string?> State =
        new Option<string?>("--state") { Description = "Only resources in this state", HelpName = "STATE" }.CompletesStatesOf(Kind);

    private static readonly Option<string[]> Where = new("--where")
    {
        Description = "Only resources whose field has this value: spec.deployment=shop, labels.tier=web", HelpName = "FIELD=VALUE",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string[]> Sort = SortOption.Create("createdAt");

    private static readonly Option<int?> Limit =
        new Option<int?>("--limit", "-n") { Description = "Maximum number of resources (default: all)", HelpName = "N" }.Between(1);

    public static Command Create(Terminal terminal) =>
        new Command("get", "List resources of a kind, or show one") { Kind, Name, At, State, Where, Sort, Limit }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var at = SharedOptions.ReadAt(run, At);
        var kinds = await KindCatalog.LoadAsync(run.Client, cancellationToken);
        var (word, name) = (run.Parse.GetRequiredValue(Kind), run.Parse.GetValue(Name));
        if (name is not null || word.Contains('/', StringComparison.Ordinal) || kinds.FindById(word) is not null)
        {
            var target = kinds.Parse(word, name);
            var resource = await run.Client.Resources(target.Kind.Plural)
                .GetAsync(target.Name, at: at, cancellationToken: cancellationToken);
            if (!run.WriteMachine(ResourceOutput.ToJson(resource)))
                await ResourceOutput.WriteListAsync(run, kinds, target.Kind, [resource], cancellationToken);
            return CommandRunner.Done;
        }
        var kind = kinds.TryFind(word) ?? throw (await OtherMeaningAsync(run, kinds, word, cancellationToken) ?? kinds.Unknown(word))
            .ToException();
        return await ListAsync(run, kinds, kind, at, cancellationToken);
    }

    private static async Task<int> ListAsync(
        Run run, KindCatalog kinds, KindInfo kind, DateTimeOffset? at, CancellationToken cancellationToken)
    {
        var (sort, limit) = (SortOption.Read(run, Sort), run.Parse.GetValue(Limit));
        var filter = new ResourceFilter
        {
            Limit = sort is null ? limit : null, // in another order the first ones are known when all are
            Project = run.Parse.GetValue(GlobalOptions.Project), State = run.Parse.GetValue(State), At = at,
            Fields = await FieldFilters.ReadAsync(run, kinds, run.Parse.GetValue(Where) ?? [], cancellationToken),
        };
        var resources = new List<AnyResource>();
        await foreach (var resource in run.Client.Resources(kind.Plural).ListAsync(filter, cancellationToken)) resources.Add(resource);
        if (sort is not null)
            resources = [.. (await ResourceSort.SortAsync(run, kind, sort, resources, cancellationToken)).Take(limit ?? int.MaxValue)];
        await ResourceOutput.WriteListAsync(run, kinds, kind, resources, cancellationToken);
        return CommandRunner.Done;
    }

    /// <summary>A resource's name where a kind was expected; null: there is no such resource either.</summary>
    private static async Task<Error?> OtherMeaningAsync(Run run, KindCatalog kinds, string word, CancellationToken cancellationToken)
    {
        if (!ResourceName.IsValid(word)) return null;
        foreach (var kind in kinds.All)
        {
            try
            {
                if (await run.Client.Resources(kind.Plural).FindAsync(word, cancellationToken: cancellationToken) is null) continue;
                return UsageErrors.Of($"\"{word}\" is the name of a {kind.Name}, not a kind.",
                    $"strata get {kind.Name} {word}, or strata describe {kind.Name}/{word}");
            }
            catch (StrataException e) when (e.Error.Kind == ErrorKind.Forbidden)
            {
                // What the caller may not see is not what was meant.
            }
        }
        return null;
    }
}

using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata history KIND/NAME</c>: every revision, newest first.</summary>
internal static class HistoryCommand
{
    private static readonly Argument<string> Target =
        new Argument<string>("resource") { Description = "KIND/NAME, a deployment's name or an id" }.CompletesResources();
    private static readonly Argument<string?> Name = new Argument<string?>(
        "name") { Description = "Name, where the first word is a kind", Arity = ArgumentArity.ZeroOrOne }.CompletesNamesOf(Target);
    private static readonly Option<string?> At = SharedOptions.At();
    private static readonly Option<int> Limit =
        new Option<int>("--limit", "-n") { Description = "Maximum number of revisions", DefaultValueFactory = _ => 50,
            HelpName = "N" }.Between(1);

    /// <summary>Of the deleted resources that had a name, besides the one that is shown.</summary>
    private const int OthersShown = 10;

    public static Command Create(Terminal terminal) =>
        new Command("history", "Show every revision of a resource: what changed, when, by whom") { Target, Name, At, Limit }.Does(
            terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var at = SharedOptions.ReadAt(run, At);
        var kinds = await KindCatalog.LoadAsync(run.Client, cancellationToken);
        var target = kinds.Parse(run.Parse.GetRequiredValue(Target), run.Parse.GetValue(Name));
        var (found, deleted) = at is { } then
            ? (await ReadAsync(run, target, await IdThenAsync(run, target, then, cancellationToken), at, cancellationToken), null)
            : await ReadLatestAsync(run, target, cancellationToken);
        if (deleted is not null) SayDeleted(run, target, deleted);
        if (!run.WriteMachine(ResourceOutput.ToJson(found.Revisions)))
            await WriteTableAsync(run, kinds, found.Revisions, cancellationToken);
        if (found.HasLater) run.Say($"It has later revisions: strata history {found.Id}");
        return CommandRunner.Done;
    }

    /// <summary>Of the resource that has the name or id, or else of the one that had the name and was deleted last.</summary>
    /// <returns>The history, and the deleted ones that had the name; null: it lives.</returns>
    private static async Task<(Found, IReadOnlyList<AnyResource>?)> ReadLatestAsync(
        Run run, ResourceRef target, CancellationToken cancellationToken)
    {
        try
        {
            return (await ReadAsync(run, target, target.Name, null, cancellationToken), null);
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            var deleted = await DeletedNamesakes.FindAsync(run, target, cancellationToken);
            if (deleted is [var last, ..]) return (await ReadAsync(run, target, last.Id, null, cancellationToken), deleted);
            throw new StrataException(
                e.Error with { NextStep = $"No deleted {target.Kind.Name} had this name. {e.Error.NextStep}".TrimEnd() }, e);
        }
    }

    private static async Task<Found> ReadAsync(
        Run run, ResourceRef target, string nameOrId, DateTimeOffset? at, CancellationToken cancellationToken)
    {
        var (revisions, hasLater) = (new List<AnyResource>(), false);
        await foreach (
            var revision in run.Client.Resources(target.Kind.Plural).HistoryAsync(nameOrId, cancellationToken: cancellationToken))
        {
            hasLater |= revision.UpdatedAt > at;
            if (revision.UpdatedAt > at) continue;
            revisions.Add(revision);
            if (revisions.Count == run.Parse.GetValue(Limit)) break;
        }
        return new Found(nameOrId, revisions, hasLater);
    }

    /// <summary>A name is looked up as of then, when it may have been another resource's.</summary>
    private static async Task<string> IdThenAsync(Run run, ResourceRef target, DateTimeOffset at, CancellationToken cancellationToken)
    {
        try
        {
            return (await run.Client.Resources(target.Kind.Plural).GetAsync(target.Name, at: at, cancellationToken: cancellationToken)).Id;
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            var missing = $"There was no {target.Kind.Name} \"{target.Name}\" at {TimeText.Stamp(at)}.";
            throw new StrataException(e.Error with { Message = missing, NextStep = "Name a time when it existed." }, e);
        }
    }

    /// <param name="deleted">The one that is shown first.</param>
    private static void SayDeleted(Run run, ResourceRef target, IReadOnlyList<AnyResource> deleted)
    {
        var last = deleted[0];
        run.Say($"The {target.Kind.Name} \"{target.Name}\" was deleted at {TimeText.Stamp(last.UpdatedAt)} by {last.UpdatedBy}.");
        if (deleted.Count == 1) return;
        run.Say($"{deleted.Count} deleted {target.Kind.Plural} had this name; this is the history of the one deleted last, {last.Id}. Others:");
        foreach (var one in deleted.Skip(1).Take(OthersShown))
            run.Say($"  strata history {one.Id}    # deleted at {TimeText.Stamp(one.UpdatedAt)}");
        if (deleted.Count - 1 > OthersShown) run.Say($"  and {deleted.Count - 1 - OthersShown} deleted earlier");
    }

    /// <param name="Revisions">Newest first.</param>
    /// <param name="HasLater">Revisions after the time that was asked for.</param>
    private sealed record Found(string Id, List<AnyResource> Revisions, bool HasLater);

    private static async Task WriteTableAsync(Run run, KindCatalog kinds, List<AnyResource> revisions, CancellationToken cancellationToken)
    {
        var names = new NameBook(run.Client, kinds);
        var table = new Table("REVISION", "WHEN", "TRANSITION", "STATE", "BY", "CHANGED") { WrapsLast = true };
        for (var i = 0; i < revisions.Count; i++)
        {
            var (revision, before) = (revisions[i], i + 1 < revisions.Count ? revisions[i + 1] : null);
            var changes = new List<string>();
            if (before is not null) Differences("", ResourceOutput.ToJson(before), ResourceOutput.ToJson(revision), changes);
            for (var c = 0; c < changes.Count; c++) changes[c] = await NamedAsync(names, changes[c], cancellationToken);
            table.Add(
                $"{revision.Revision}", run.Terminal.OutIsTerminal
                    ? TimeText.Ago(revision.UpdatedAt, run.Now) : TimeText.Stamp(revision.UpdatedAt),
                revision.Deleted ? "deleted" : revision.Transition ?? "", new Cell(revision.State, Tones.OfState(revision.State)),
                revision.UpdatedBy,
                string.Join(", ", changes));
        }
        table.Write(run.Terminal);
    }

    private static async Task<string> NamedAsync(NameBook names, string change, CancellationToken cancellationToken)
    {
        var equals = change.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? change : change[..(equals + 1)] + await names.NameAsync(change[(equals + 1)..], cancellationToken);
    }

    /// <summary>Fields of spec, status and labels that one revision changed, as <c>status.readyReplicas=2</c>.</summary>
    private static void Differences(string path, JsonElement before, JsonElement after, List<string> changes)
    {
        foreach (var member in after.EnumerateObject())
        {
            if (path.Length == 0 && member.Name is not ("spec" or "status" or "labels")) continue;
            var inner = path.Length == 0 ? member.Name : $"{path}.{member.Name}";
            var old = before.At(member.Name);
            if (old is { } same && JsonElement.DeepEquals(same, member.Value)) continue;
            if (old is { ValueKind: JsonValueKind.Object } nested && member.Value.ValueKind == JsonValueKind.Object)
                Differences(inner, nested, member.Value, changes);
            else changes.Add($"{inner}={after.Text(member.Name)}");
        }
        if (path.Length > 0)
            changes.AddRange(before.EnumerateObject().Where(m => after.At(m.Name) is null).Select(m => $"{path}.{m.Name} removed"));
    }
}

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

    public static Command Create(Terminal terminal) =>
        new Command("history", "Show every revision of a resource: what changed, when, by whom") { Target, Name, At, Limit }.Does(
            terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var at = SharedOptions.ReadAt(run, At);
        var kinds = await KindCatalog.LoadAsync(run.Client, cancellationToken);
        var target = kinds.Parse(run.Parse.GetRequiredValue(Target), run.Parse.GetValue(Name));
        var revisions = new List<AnyResource>();
        var (id, hasLater) = ("", false);
        try
        {
            id = await IdAsync(run, target, at, cancellationToken);
            await foreach (var revision in run.Client.Resources(target.Kind.Plural).HistoryAsync(id, cancellationToken: cancellationToken))
            {
                hasLater |= revision.UpdatedAt > at;
                if (revision.UpdatedAt > at) continue;
                revisions.Add(revision);
                if (revisions.Count == run.Parse.GetValue(Limit)) break;
            }
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound && at is { } time)
        {
            var missing = $"There was no {target.Kind.Name} \"{target.Name}\" at {TimeText.Stamp(time)}.";
            throw new StrataException(e.Error with { Message = missing, NextStep = "Name a time when it existed." }, e);
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            var deleted =
                $"If it was deleted, name a time when it existed: strata history {target.Kind.Name}/{target.Name} --at \"1h ago\"";
            throw new StrataException(e.Error with { NextStep = deleted }, e);
        }
        if (!run.WriteMachine(ResourceOutput.ToJson(revisions))) await WriteTableAsync(run, kinds, revisions, cancellationToken);
        if (hasLater) run.Say($"It has later revisions: strata history {id}");
        return CommandRunner.Done;
    }

    /// <summary>A name is looked up as of then, when it may have been another resource's.</summary>
    private static async Task<string> IdAsync(Run run, ResourceRef target, DateTimeOffset? at, CancellationToken cancellationToken) =>
        at is null
        ? target.Name
        : (await run.Client.Resources(target.Kind.Plural).GetAsync(target.Name, at: at, cancellationToken: cancellationToken)).Id;

    private static async Task WriteTableAsync(Run run, KindCatalog kinds, List<AnyResource> revisions, CancellationToken cancellationToken)
    {
        var names = new NameBook(run.Client, kinds);
        var table = new Table("REVISION", "WHEN", "TRANSITION", "STATE", "BY", "CHANGED");
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

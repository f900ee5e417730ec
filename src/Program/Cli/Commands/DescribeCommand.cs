using System.CommandLine;
using System.Globalization;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;

namespace Strata.Cli.Commands;

/// <summary><c>strata describe KIND/NAME</c>: one resource in full, with the resources that belong to it.</summary>
internal static class DescribeCommand
{
    private static readonly Argument<string> Target =
        new Argument<string>("resource") { Description = "KIND/NAME, a deployment's name or an id" }.CompletesResources();
    private static readonly Argument<string?> Name = new Argument<string?>(
        "name") { Description = "Name, where the first word is a kind", Arity = ArgumentArity.ZeroOrOne }.CompletesNamesOf(Target);
    private static readonly Option<string?> At = SharedOptions.At();

    /// <summary>Kinds that point at another by a field of their spec.</summary>
    private static readonly Dictionary<string, string[]> OwnedResources = new(StringComparer.Ordinal)
    {
        ["deployment"] = ["routes", "instances", "releases"],
        ["release"] = ["instances"],
        ["node"] = ["instances"],
    };

    public static Command Create(Terminal terminal) =>
        new Command("describe", "Show one resource in full, with the resources that belong to it") { Target, Name, At }.Does(
            terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var at = SharedOptions.ReadAt(run, At);
        var kinds = await KindCatalog.LoadAsync(run.Client, cancellationToken);
        var target = kinds.Parse(run.Parse.GetRequiredValue(Target), run.Parse.GetValue(Name));
        var resource = await run.Client.Resources(target.Kind.Plural).GetAsync(target.Name, at: at, cancellationToken: cancellationToken);
        if (run.WriteMachine(ResourceOutput.ToJson(resource))) return CommandRunner.Done;
        var names = new NameBook(run.Client, kinds);
        await WriteFactsAsync(run, resource, names, cancellationToken);
        foreach (var plural in OwnedResources.GetValueOrDefault(target.Kind.Name, []))
        {
            await WriteBelongingsAsync(run, kinds, kinds.Find(plural), target.Kind.Name, resource.Id, at, cancellationToken);
        }
        return CommandRunner.Done;
    }

    private static async Task WriteFactsAsync(Run run, AnyResource resource, NameBook names, CancellationToken cancellationToken)
    {
        var output = run.Terminal.Out;
        output.WriteLine($"{"Name:",-11}{run.Terminal.OnOut(Tone.Strong, resource.Name)}");
        output.WriteLine($"{"Kind:",-11}{resource.Kind}");
        output.WriteLine($"{"Id:",-11}{resource.Id}");
        if (resource.Project is not null)
            output.WriteLine($"{"Project:",-11}{await names.NameAsync(resource.Project, cancellationToken)} ({resource.Project})");
        output.WriteLine($"{"State:",-11}{run.Terminal.OnOut(Tones.OfState(resource.State), resource.State)}");
        output.WriteLine($"{"Created:",-11}{resource.CreatedAt:u} ({TimeText.Ago(resource.CreatedAt, run.Now)})");
        output.WriteLine($"{"Changed:",-11}{resource.UpdatedAt:u} ({TimeText.Ago(resource.UpdatedAt, run.Now)}) by {resource.UpdatedBy}");
        output.WriteLine($"{"Revision:",-11}{resource.Revision}");
        foreach (var (name, value) in resource.Labels) output.WriteLine($"{"Label:",-11}{name}={value}");
        var json = ResourceOutput.ToJson(resource);
        await WriteBlockAsync(run, "Spec", YamlText.Write(json.GetProperty("spec")), names, cancellationToken);
        await WriteBlockAsync(run, "Status", YamlText.Write(json.GetProperty("status")), names, cancellationToken);
    }

    /// <summary>Sizes in units and the names of ids stand behind them as comments, so that it stays YAML.</summary>
    private static async Task WriteBlockAsync(Run run, string title, string yaml, NameBook names, CancellationToken cancellationToken)
    {
        run.Terminal.Out.WriteLine(run.Terminal.OnOut(Tone.Strong, title + ":"));
        foreach (var line in yaml.TrimEnd('\n').Split('\n'))
        {
            var comment = await CommentAsync(line, names, cancellationToken);
            run.Terminal.Out.WriteLine($"  {line}{(comment is null ? "" : run.Terminal.OnOut(Tone.Faint, "  # " + comment))}");
        }
    }

    private static async Task<string?> CommentAsync(string line, NameBook names, CancellationToken cancellationToken)
    {
        var (field, value) = line.Split(": ", 2) is [var left, var right] ? (left, right) : ("", line.TrimStart(' ', '-'));
        if (field.EndsWith("Bytes", StringComparison.Ordinal)
            && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)) return ByteCount.Short(bytes);
        var name = await names.NameAsync(value, cancellationToken);
        return name == value ? null : name;
    }

    private static async Task WriteBelongingsAsync(
        Run run, KindCatalog kinds, KindInfo kind, string field, string id, DateTimeOffset? at, CancellationToken cancellationToken)
    {
        var filter = new ResourceFilter { Fields = new Dictionary<string, string> { ["spec." + field] = id }, At = at };
        var found = new List<AnyResource>();
        await foreach (var resource in run.Client.Resources(kind.Plural).ListAsync(filter, cancellationToken)) found.Add(resource);
        var stopped = found.FindAll(r => kind.Plural == Plurals.Instances && r.State == InstanceStates.Stopped);
        await WriteListAsync(
            run, kinds, kind, char.ToUpperInvariant(kind.Plural[0]) + kind.Plural[1..], [.. found.Except(stopped)], cancellationToken);
        await WriteListAsync(run, kinds, kind, "Stopped " + kind.Plural, stopped, cancellationToken);
    }

    private static async Task WriteListAsync(
        Run run, KindCatalog kinds, KindInfo kind, string title, IReadOnlyList<AnyResource> resources, CancellationToken cancellationToken)
    {
        if (resources.Count == 0) return;
        run.Terminal.Out.WriteLine();
        run.Terminal.Out.WriteLine(run.Terminal.OnOut(Tone.Strong, title + ":"));
        await ResourceOutput.WriteListAsync(run, kinds, kind, resources, cancellationToken);
    }
}

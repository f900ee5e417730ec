using System.CommandLine;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;

namespace Strata.Cli.Commands;

/// <summary><c>strata describe KIND/NAME</c>: all there is to know of one resource, with what belongs to it.</summary>
internal static class DescribeCommand
{
    private static readonly Argument<string> Target = new Argument<string>("resource") { Description = "KIND/NAME, a deployment's name or an id" }.CompletesNames("deployments");
    private static readonly Argument<string?> Name = new("name") { Description = "Name, where the first word is a kind", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> At = SharedOptions.At();

    /// <summary>Kinds that point at another by a field of their spec.</summary>
    private static readonly Dictionary<string, string[]> OwnedResources = new(StringComparer.Ordinal)
    {
        ["deployment"] = ["routes", "instances", "releases"],
        ["release"] = ["instances"],
        ["node"] = ["instances"],
    };

    public static Command Create(Terminal terminal) =>
        new Command("describe", "Show one resource in full, with what belongs to it") { Target, Name, At }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var at = SharedOptions.ReadAt(run, At);
        var kinds = await KindCatalog.LoadAsync(run.Client, cancellationToken);
        var target = kinds.Parse(run.Parse.GetRequiredValue(Target), run.Parse.GetValue(Name));
        var resource = await run.Client.Resources(target.Kind.Plural).GetAsync(target.Name, at: at, cancellationToken: cancellationToken);
        if (run.WriteMachine(ResourceOutput.ToJson(resource))) return CommandRunner.Done;
        WriteFacts(run, resource);
        foreach (var plural in OwnedResources.GetValueOrDefault(target.Kind.Name, []))
        {
            await WriteBelongingsAsync(run, kinds, kinds.Find(plural), target.Kind.Name, resource.Id, at, cancellationToken);
        }
        return CommandRunner.Done;
    }

    private static void WriteFacts(Run run, AnyResource resource)
    {
        var output = run.Terminal.Out;
        output.WriteLine($"{"Name:",-11}{run.Terminal.OnOut(Tone.Strong, resource.Name)}");
        output.WriteLine($"{"Kind:",-11}{resource.Kind}");
        output.WriteLine($"{"Id:",-11}{resource.Id}");
        if (resource.Project is not null) output.WriteLine($"{"Project:",-11}{resource.Project}");
        output.WriteLine($"{"State:",-11}{run.Terminal.OnOut(Tones.OfState(resource.State), resource.State)}");
        output.WriteLine($"{"Created:",-11}{resource.CreatedAt:u} ({TimeText.Ago(resource.CreatedAt, run.Now)})");
        output.WriteLine($"{"Changed:",-11}{resource.UpdatedAt:u} ({TimeText.Ago(resource.UpdatedAt, run.Now)}) by {resource.UpdatedBy}");
        output.WriteLine($"{"Revision:",-11}{resource.Revision}");
        foreach (var (name, value) in resource.Labels) output.WriteLine($"{"Label:",-11}{name}={value}");
        WriteBlock(run, "Spec", YamlText.Write(resource.Spec));
        WriteBlock(run, "Status", YamlText.Write(resource.Status));
    }

    private static void WriteBlock(Run run, string title, string yaml)
    {
        run.Terminal.Out.WriteLine(run.Terminal.OnOut(Tone.Strong, title + ":"));
        foreach (var line in yaml.TrimEnd('\n').Split('\n')) run.Terminal.Out.WriteLine("  " + line);
    }

    private static async Task WriteBelongingsAsync(
        Run run, KindCatalog kinds, KindInfo kind, string field, string id, DateTimeOffset? at, CancellationToken cancellationToken)
    {
        var filter = new ResourceFilter { Fields = new Dictionary<string, string> { ["spec." + field] = id }, At = at };
        var found = new List<AnyResource>();
        await foreach (var resource in run.Client.Resources(kind.Plural).ListAsync(filter, cancellationToken)) found.Add(resource);
        if (found.Count == 0) return;
        run.Terminal.Out.WriteLine();
        run.Terminal.Out.WriteLine(run.Terminal.OnOut(Tone.Strong, char.ToUpperInvariant(kind.Plural[0]) + kind.Plural[1..] + ":"));
        await ResourceOutput.WriteListAsync(run, kinds, kind, found, cancellationToken);
    }
}

using System.CommandLine;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata entity transition ID NAME</c>: takes a transition and leaves the data as it is.</summary>
internal static class EntityTransitionCommand
{
    private static readonly Argument<string> Id = EntityReadCommands.Id();
    private static readonly Argument<string> Name = new Argument<string>(
        "transition") { Description = "Transition; \"strata entity transitions ID\" lists them" }.CompletesTransitionsOf(Id);
    private static readonly Option<string?> IfMatch = EntityWriteCommands.IfMatch();

    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Only show what would happen" };

    public static Command Create(Terminal terminal) =>
        new Command("transition", "Run a transition of an entity") { Id, Name, IfMatch, DryRun }.Does(terminal, RunAsync);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var id = EntityCalls.Id(run.Parse.GetRequiredValue(Id));
        var name = run.Parse.GetRequiredValue(Name);
        if (run.Parse.GetValue(DryRun)) return DryRunOutput.RunAsync(run, id, name, null, cancellationToken);
        var request = new ApiRequest(HttpMethod.Patch, $"/api/entity/JSON/{id}/{Uri.EscapeDataString(name)}")
        {
            Body = "{}"u8.ToArray(), ContentType = EntityWriteCommands.MergePatch, IfMatch = "*",
        };
        return EntityWriteCommands.SendAsync(run, id, request, run.Parse.GetValue(IfMatch), cancellationToken);
    }
}

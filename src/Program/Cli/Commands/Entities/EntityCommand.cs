using System.CommandLine;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata entity …</c>: business data and what became of it.</summary>
internal static class EntityCommand
{
    public static Command Create(Terminal terminal) =>
        new("entity", "Manage entities, business data with a workflow: create, read, change, follow")
    {
        EntityCreateCommand.Create(terminal),
        EntityReadCommands.Get(terminal),
        EntityReadCommands.List(terminal),
        EntityReadCommands.Changes(terminal),
        EntityReadCommands.Transitions(terminal),
        EntityWriteCommands.Update(terminal),
        EntityWriteCommands.Patch(terminal),
        EntityTransitionCommand.Create(terminal),
        EntityDeleteCommand.Create(terminal),
        EntityStatsCommand.Create(terminal),
        EntityWhyCommand.Create(terminal),
        EntityFeedCommand.Create(terminal),
        EntityTransferCommands.Export(terminal),
        EntityTransferCommands.Import(terminal),
    };
}

using System.CommandLine;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata model …</c>: the structures that entities have.</summary>
internal static class ModelCommand
{
    public static Command Create(Terminal terminal) =>
        new("model", "Manage models, the structure of entities: import, lock, validate, index")
    {
        ModelImportCommand.Create(terminal),
        ModelViewCommands.List(terminal),
        ModelViewCommands.Get(terminal),
        ModelViewCommands.Validate(terminal),
        ModelChangeCommands.Lock(terminal),
        ModelChangeCommands.Unlock(terminal),
        ModelChangeCommands.Level(terminal),
        ModelChangeCommands.Keys(terminal),
        ModelIndexCommands.Indexes(terminal),
        ModelIndexCommands.Explain(terminal),
        ModelProjectCommand.Create(terminal),
        ModelRetentionCommand.Create(terminal),
        ModelMigrateCommand.Create(terminal),
        ModelChangeCommands.Delete(terminal),
    };
}

using System.CommandLine;
using System.Text;
using Strata.Cli.Data;
using Strata.Cli.Shell;
using Strata.Client;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata entity why ID</c>: why it is in its state, and what it waits for, in sentences.</summary>
internal static class EntityWhyCommand
{
    public static Command Create(Terminal terminal)
    {
        var id = EntityReadCommands.Id();
        return new Command("why", "Show why an entity is in its state, and what it waits for") { id }.Does(
            terminal, async (run, cancellationToken) =>
        {
            var asText = run.Format == OutputFormat.Table;
            var request = new ApiRequest(HttpMethod.Get,
                EntityCalls.EntityPath(run.Parse.GetRequiredValue(id), "/why")) { Accept = asText ? "text/plain" : "application/json" };
            var answer = await run.Client.SendAsync(request, cancellationToken);
            if (asText) run.Terminal.Out.WriteLine(Encoding.UTF8.GetString(answer.Span).TrimEnd('\n'));
            else run.WriteMachine(EntityCalls.Parse(answer));
            return CommandRunner.Done;
        });
    }
}

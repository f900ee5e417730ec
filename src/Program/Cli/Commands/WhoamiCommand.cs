using System.CommandLine;
using System.Text.Json.Nodes;
using Strata.Cli.Context;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands;

/// <summary><c>strata whoami</c>: which cloud commands mean, and as whom.</summary>
internal static class WhoamiCommand
{
    public static Command Create(Terminal terminal) =>
        new Command("whoami", "Show which cloud commands mean, who you are there, and your roles").Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var caller = await Caller.AskAsync(run, cancellationToken);
        var context = run.Context;
        var name = context.Source == TokenSource.Environment ? null : context.Name;
        var json = JsonNode.Parse(caller.Json.GetRawText());
        var whole = new JsonObject { ["server"] = context.Server, ["context"] = name, ["caller"] = json };
        if (run.WriteMachine(whole)) return CommandRunner.Done;
        Line("Actor", caller.Actor);
        if (caller.Person is { } person) Line("Person", person);
        Line("Organization", caller.Organization);
        Line("Project", caller.Project ?? "all");
        Line("Roles", string.Join(", ", caller.Roles));
        foreach (var bound in caller.Bindings)
        {
            var until = bound.ExpiresAt is { } ends ? $", until {TimeText.Stamp(ends)}" : "";
            Line("", $"{bound.Roles}: for {bound.Scope ?? "all"}{until} (by {bound.By})");
        }
        if (caller.Token is { } token)
            Line("Token", $"{token}, {(caller.ExpiresAt is { } end ? $"expires {TimeText.Stamp(end)}" : "does not expire")}");
        Line("Server", context.Server);
        Line("Context", name ?? "none (the token is from STRATA_TOKEN)");
        return CommandRunner.Done;

        void Line(string label, string value) => run.Print($"{label,-14}{value}");
    }
}

using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands;

/// <summary><c>strata sessions</c>: what the person who calls has signed in to.</summary>
internal static class SessionsCommand
{
    private const string Path = "/api/v1/access/sessions";

    private static readonly Argument<string> Id = new("id") { Description = "Id of the session, as \"strata sessions\" shows it" };

    public static Command Create(Terminal terminal)
    {
        var sessions = new Command("sessions", "List what you have signed in to, and sign out of it")
        {
            new Command("list", "List your sessions").Does(terminal, ListAsync),
            new Command("end", "Sign out of one of them, at once") { Id }.Does(terminal, EndAsync),
        }.Does(terminal, ListAsync);
        sessions.Aliases.Add("session");
        return sessions;
    }

    private static async Task<int> ListAsync(Run run, CancellationToken cancellationToken)
    {
        using var answer = await run.Client.SendAsync(HttpMethod.Get, Path, cancellationToken: cancellationToken);
        if (run.WriteMachine(answer!.RootElement)) return CommandRunner.Done;
        var table = new Table("ID", "PROGRAM", "FROM", "SIGNED IN", "LAST USED", "");
        foreach (var session in answer.RootElement.GetProperty("items").EnumerateArray())
            table.Add(session.Text("id") ?? "", session.Text("client") ?? "", session.Text("address") ?? "", Ago(session, "createdAt"),
                Ago(session, "lastUsedAt"), session.GetProperty("isCurrent").GetBoolean() ? "this one" : "");
        table.Write(run.Terminal);
        return CommandRunner.Done;

        string Ago(JsonElement session, string member) => session.Time(member) is { } time ? TimeText.Ago(time, run.Now) : "";
    }

    private static async Task<int> EndAsync(Run run, CancellationToken cancellationToken)
    {
        var id = run.Parse.GetRequiredValue(Id);
        await run.Client.SendBytesAsync(HttpMethod.Delete, $"{Path}/{Uri.EscapeDataString(id)}", cancellationToken: cancellationToken);
        run.Say("Signed out.");
        return CommandRunner.Done;
    }
}

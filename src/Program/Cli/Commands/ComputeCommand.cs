using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands;

/// <summary><c>strata compute</c>: the organization's compute members, with their calls and latencies.</summary>
internal static class ComputeCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly Option<bool> Watch = new("--watch", "-w") { Description = "Keep running and refresh every second" };

    public static Command Create(Terminal terminal) =>
        new Command("compute", "Show the connected compute members and their calls") { Watch }.Does(terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var stays = run.Parse.GetValue(Watch);
        do
        {
            using var answer = await run.Client.SendAsync(HttpMethod.Get, "/api/v1/compute/members", cancellationToken: cancellationToken);
            if (stays && run.Format == OutputFormat.Table) run.Terminal.ClearScreen();
            Show(run, answer!.RootElement.GetProperty("items"));
            if (!stays) return CommandRunner.Done;
            await run.Terminal.Out.FlushAsync(cancellationToken);
            await Task.Delay(Pause, run.Terminal.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!cancellationToken.IsCancellationRequested);
        return CommandRunner.Done;
    }

    private static void Show(Run run, JsonElement members)
    {
        if (run.WriteMachine(members)) return;
        if (members.GetArrayLength() == 0)
        {
            run.Say("No compute members are connected. docs/entities/compute.md shows how to write one.");
            return;
        }
        var table = new Table("MEMBER", "TAGS", "STATE", "IN FLIGHT", "CALLS", "ERRORS", "LOST", "P50", "P99", "SINCE");
        foreach (var member in members.EnumerateArray()) table.Add(RowOf(run, member));
        table.Write(run.Terminal);
    }

    private static Cell[] RowOf(Run run, JsonElement member) =>
    [
        member.Text("name") ?? "", string.Join(",", member.GetProperty("tags").EnumerateArray().Select(t => t.GetString())),
        member.Text("state") ?? "",
        $"{member.GetProperty("inFlight")}/{member.GetProperty("limit")}", $"{member.GetProperty("calls")}",
        $"{member.GetProperty("failures")}", $"{member.GetProperty("lost")}",
        Milliseconds(member, "p50Ms"), Milliseconds(member, "p99Ms"),
        TimeText.Ago(member.GetProperty("connectedAt").GetDateTimeOffset(), run.Now),
    ];

    private static string Milliseconds(JsonElement member, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{member.GetProperty(name).GetDouble():0.#} ms");
}

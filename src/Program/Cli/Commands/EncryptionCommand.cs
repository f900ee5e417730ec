using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands;

/// <summary><c>strata encryption</c>: the keys that the cloud seals secrets with, and their replacement. For operators.</summary>
internal static class EncryptionCommand
{
    private const string Path = "/api/v1/encryption";

    private static readonly Option<bool> Force = new("--force") { Description = "Although other servers run: they have the new key file" };

    public static Command Create(Terminal terminal) => new Command(
        "encryption", "Show and replace the keys that secrets are sealed with (for operators)")
    {
        new Command("status", "Show the cloud's keys, by name").Does(terminal, ShowAsync),
        new Command("rotate-data-key", "Seal everything again under a new data key, while the cloud runs")
            .Does(terminal, RotateDataKeyAsync),
        new Command("rotate-master-key", "Begin to replace the master key").Does(terminal, RotateMasterKeyAsync),
        new Command("finish-master-key", "End the replacement: the previous master key opens nothing any more") { Force }.Does(
            terminal, FinishAsync),
    }.Does(terminal, ShowAsync);

    private static async Task<int> ShowAsync(Run run, CancellationToken cancellationToken)
    {
        using var answer = await run.Client.SendAsync(HttpMethod.Get, Path, cancellationToken: cancellationToken);
        var root = answer!.RootElement;
        if (run.WriteMachine(root)) return CommandRunner.Done;
        run.Terminal.Out.WriteLine($"Master key  {root.Text("masterKey")}, from {root.Text("source")}");
        var table = new Table("KEY", "USED FROM", "WRAPPED BY", "");
        foreach (var key in root.GetProperty("keys").EnumerateArray())
        {
            var name = key.Text("name") ?? "";
            table.Add(name, key.Time("from") is { } from ? TimeText.Ago(from, run.Now) : "",
                string.Join(", ", key.GetProperty("masterKeys").EnumerateArray().Select(k => k.GetString())),
                name == root.Text("sealing") ? "seals" : name == "root" ? "derives others" : "");
        }
        table.Write(run.Terminal);
        if (root.GetProperty("isMasterKeyBeingReplaced").GetBoolean())
            run.Say("The master key is being replaced. When every server has the new one: strata encryption finish-master-key");
        return CommandRunner.Done;
    }

    private static async Task<int> RotateDataKeyAsync(Run run, CancellationToken cancellationToken)
    {
        using var answer = await run.Client.SendAsync(HttpMethod.Post, Path + "/rotate-data-key", cancellationToken: cancellationToken);
        if (run.WriteMachine(answer!.RootElement)) return CommandRunner.Done;
        run.Say($"Made the data key {answer.RootElement.Text("name")}. It seals in half a minute, and everything is then sealed again under it."
            + " The one before is destroyed a week later.");
        return CommandRunner.Done;
    }

    private static async Task<int> RotateMasterKeyAsync(Run run, CancellationToken cancellationToken)
    {
        using var answer = await run.Client.SendAsync(HttpMethod.Post, Path + "/rotate-master-key", cancellationToken: cancellationToken);
        var root = answer!.RootElement;
        if (run.WriteMachine(root)) return CommandRunner.Done;
        run.Say($"All keys are wrapped under the master key {root.Text("masterKey")} too. It is in {root.Text("source")}: make a backup of it.");
        var others = root.GetProperty("servers").EnumerateArray().Select(s => s.GetString()).ToList();
        run.Say(others.Count == 0 ? "Then end the replacement: strata encryption finish-master-key"
            : $"Copy it to the other servers ({string.Join(", ", others)}), mode 0600. Then: strata encryption finish-master-key --force");
        return CommandRunner.Done;
    }

    private static async Task<int> FinishAsync(Run run, CancellationToken cancellationToken)
    {
        var force = run.Parse.GetValue(Force) ? "?force=true" : "";
        await run.Client.SendBytesAsync(HttpMethod.Post, $"{Path}/finish-master-key{force}", cancellationToken: cancellationToken);
        run.Say("The previous master key opens nothing any more. Backups of the database from before still need it.");
        return CommandRunner.Done;
    }
}

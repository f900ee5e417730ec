using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Developing;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary>
/// <c>strata dev</c>: runs a compute member's folder against the cloud, again whenever its files change, and shows each call.
/// </summary>
internal static class DevCommand
{
    private static readonly Argument<string> Folder =
        new("folder") { Description = "Folder of the member", DefaultValueFactory = _ => "." };
    private static readonly Option<string?> Command =
        new("--command", "-c") { Description = "Command that starts it [found from the files in the folder]", HelpName = "COMMAND" };

    public static Command Create(Terminal terminal) =>
        new Command("dev", "Run a compute member, restart it when its files change, and show its calls") { Folder, Command }.Does(
            terminal, RunAsync);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var folder = Path.GetFullPath(run.Parse.GetRequiredValue(Folder));
        if (!Directory.Exists(folder))
            throw UsageErrors.Of($"There is no folder {folder}.", "Name the folder of your member: strata dev FOLDER").ToException();
        var command = run.Parse.GetValue(Command) ?? StartCommand.Of(folder) ?? throw DevErrors.NoCommand(folder).ToException();
        var name = NameOf(folder, run);
        var token = await CreateTokenAsync(run, name, cancellationToken);
        try
        {
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var screen = new CallScreen(run, "token:" + name);
            var showing = screen.FollowAsync(ending.Token);
            (string, string)[] environment = [("STRATA_URL", run.Context.Server), ("STRATA_TOKEN", token), ("PYTHONUNBUFFERED", "1")];
            await new MemberRunner(run, folder, command, environment).RunAsync(cancellationToken);
            await ending.CancelAsync();
            await showing;
        }
        finally
        {
            await run.Client.Resources(Plurals.Tokens).DeleteAsync(name, cancellationToken: CancellationToken.None);
        }
        return CommandRunner.Done;
    }

    /// <summary>One for each run, so that two at once do not take each other's.</summary>
    private static string NameOf(string folder, Run run)
    {
        var stamp = run.Now.ToUnixTimeMilliseconds().ToString("x", System.Globalization.CultureInfo.InvariantCulture);
        return $"dev-{MemberName.Of(folder, lengthMax: 30)}-{stamp}";
    }

    private static async Task<string> CreateTokenAsync(Run run, string name, CancellationToken cancellationToken)
    {
        var spec = new { name, spec = new { roles = (string[])["machine"], expiresAt = run.Now.AddDays(1) } };
        var body = JsonSerializer.SerializeToUtf8Bytes(spec, WireJson.Options.GetTypeInfo(spec.GetType()));
        using var answer = await run.Client.SendAsync(
            HttpMethod.Post, "/api/v1/tokens", new JsonText(body), cancellationToken: cancellationToken);
        return answer!.RootElement.Text("token");
    }
}

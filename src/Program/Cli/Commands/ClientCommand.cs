using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;

namespace Strata.Cli.Commands;

/// <summary><c>strata client</c>: programs that call the API as themselves, with access tokens.</summary>
internal static class ClientCommand
{
    private static readonly Option<bool> Admin = new("--admin") { Description = "Make it an administrator of the organization too" };
    private static readonly Argument<string> ClientId =
        new("client-id") { Description = "Id of the client; \"strata client list\" shows it" };

    private static readonly Option<bool> Yes = SharedOptions.Yes();
    private static readonly Option<bool> Force = new("--force") { Description = "Also the client whose token you use" };

    public static Command Create(Terminal terminal) => new("client", "Create and manage machine clients, which get access tokens by OAuth")
    {
        new Command("create", "Create a client; its secret is shown once") { Admin }.Does(terminal, CreateAsync),
        new Command("list", "List the clients").Does(terminal, ListAsync),
        new Command("reset", "Give a client a new secret") { ClientId }.Does(terminal, ResetAsync),
        new Command("delete", "Delete a client and revoke its tokens") { ClientId, Yes, Force }.Does(terminal, DeleteAsync),
    };

    private static Task<int> CreateAsync(Run run, CancellationToken cancellationToken) =>
        ShowSecretAsync(run, HttpMethod.Post, "/api/clients" + (run.Parse.GetValue(Admin) ? "?withAdminRole=true" : ""), cancellationToken);

    private static Task<int> ResetAsync(Run run, CancellationToken cancellationToken) =>
        ShowSecretAsync(run, HttpMethod.Put, PathOf(run) + "/secret", cancellationToken);

    private static async Task<int> ShowSecretAsync(Run run, HttpMethod method, string path, CancellationToken cancellationToken)
    {
        using var answer = await run.Client.SendAsync(method, path, cancellationToken: cancellationToken);
        var client = answer!.RootElement;
        if (run.WriteMachine(client)) return CommandRunner.Done;
        run.Terminal.Out.WriteLine($"client id      {client.Text("client_id")}");
        run.Terminal.Out.WriteLine($"client secret  {client.Text("client_secret")}");
        run.Say($"The secret is shown only once. Get an access token: curl -u ID:SECRET -d grant_type=client_credentials {run.Context.Server.TrimEnd('/')}/api/oauth/token");
        return CommandRunner.Done;
    }

    private static async Task<int> ListAsync(Run run, CancellationToken cancellationToken)
    {
        using var answer = await run.Client.SendAsync(HttpMethod.Get, "/api/clients", cancellationToken: cancellationToken);
        if (run.WriteMachine(answer!.RootElement)) return CommandRunner.Done;
        var table = new Table("CLIENT ID", "ROLES", "AGE");
        foreach (var client in answer.RootElement.EnumerateArray())
            table.Add(
                client.Text("clientId") ?? "", string.Join(", ", client.GetProperty("roles").EnumerateArray().Select(r => r.GetString())),
                TimeText.Ago(client.GetProperty("creationDate").GetDateTimeOffset(), run.Now));
        if (answer.RootElement.GetArrayLength() == 0) run.Say("No clients. Create one with: strata client create");
        else table.Write(run.Terminal);
        return CommandRunner.Done;
    }

    private static async Task<int> DeleteAsync(Run run, CancellationToken cancellationToken)
    {
        if (!await Confirmation.AskAsync(run, Yes, $"Delete the client {run.Parse.GetRequiredValue(ClientId)}?", cancellationToken))
            return CommandRunner.Failed;
        using var answer = await run.Client.SendAsync(
            HttpMethod.Delete, PathOf(run) + (run.Parse.GetValue(Force) ? "?force=true" : ""), cancellationToken: cancellationToken);
        if (!run.WriteMachine(answer!.RootElement)) run.Say("Deleted.");
        return CommandRunner.Done;
    }

    private static string PathOf(Run run) => "/api/clients/" + Uri.EscapeDataString(run.Parse.GetRequiredValue(ClientId));
}

using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata client</c>: programs that call the API as themselves, with access tokens.</summary>
internal static class ClientCommand
{
    private static readonly Option<bool> Admin = new("--admin") { Description = "Make it an administrator of the organization too" };
    private static readonly Option<string[]> RedirectUri = new("--redirect-uri")
    {
        Description = "Where people are sent after they have signed in to it; it is then no machine client; repeatable", HelpName = "URL",
    };

    private static readonly Option<string?> DisplayName = new("--display-name") { Description = "What people see", HelpName = "TEXT" };

    private static readonly Option<bool> Public =
        new("--public") { Description = "With --redirect-uri: it runs in browsers or on phones, and can keep no secret" };

    private static readonly Argument<string> ClientId =
        new("client-id") { Description = "Id of the client; \"strata client list\" shows it" };

    private static readonly Option<bool> Yes = SharedOptions.Yes();
    private static readonly Option<bool> Force = new("--force") { Description = "Also the client whose token you use" };

    public static Command Create(Terminal terminal) => new("client", "Create and manage machine clients, which get access tokens by OAuth")
    {
        new Command("create", "Create a client; its secret is shown once") { Admin, RedirectUri, DisplayName, Public }.Does(
            terminal, CreateAsync),
        new Command("list", "List the clients").Does(terminal, ListAsync),
        new Command("reset", "Give a client a new secret") { ClientId }.Does(terminal, ResetAsync),
        new Command("delete", "Delete a client and revoke its tokens") { ClientId, Yes, Force }.Does(terminal, DeleteAsync),
    };

    private static async Task<int> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        if (run.Parse.GetValue(RedirectUri) is { Length: > 0 } addresses)
        {
            if (run.Parse.GetValue(Admin))
                throw UsageErrors.Of("--admin is for machine clients.", "Leave out --admin or --redirect-uri.").ToException();
            return await CreateForSignInAsync(run, addresses, cancellationToken);
        }
        if (run.Parse.GetValue(DisplayName) is not null || run.Parse.GetValue(Public))
            throw UsageErrors.Of("--display-name and --public are for programs that people sign in to.", "Give --redirect-uri too.")
                .ToException();
        return await ShowSecretAsync(
            run, HttpMethod.Post, "/api/clients" + (run.Parse.GetValue(Admin) ? "?withAdminRole=true" : ""), cancellationToken);
    }

    /// <summary>A client without a role of its own, to which people sign in.</summary>
    private static async Task<int> CreateForSignInAsync(Run run, string[] addresses, CancellationToken cancellationToken)
    {
        using var made = await run.Client.SendAsync(HttpMethod.Post, "/api/clients", cancellationToken: cancellationToken);
        var id = made!.RootElement.Text("client_id");
        var spec = new Dictionary<string, object> { ["roles"] = Array.Empty<string>(), ["redirectUris"] = addresses };
        if (run.Parse.GetValue(DisplayName) is { } name) spec["displayName"] = name;
        if (run.Parse.GetValue(Public)) spec["public"] = true;
        try
        {
            var patch = new ResourcePatch(new JsonText(JsonSerializer.SerializeToUtf8Bytes(spec, WireJson.Options)));
            await run.Client.Resources(Plurals.Clients).PatchAsync(ResourceIdOf(id), patch, cancellationToken: cancellationToken);
        }
        catch (Exception e) when (e is StrataException or OperationCanceledException)
        {
            await run.Client.SendBytesAsync(HttpMethod.Delete, $"/api/clients/{id}", cancellationToken: CancellationToken.None);
            throw;
        }
        var secret = run.Parse.GetValue(Public) ? null : made.RootElement.Text("client_secret");
        var issuer = run.Context.Server.TrimEnd('/') + "/api";
        if (run.WriteMachine(new SignInClient(id, secret, issuer))) return CommandRunner.Done;
        run.Terminal.Out.WriteLine($"client id      {id}");
        if (secret is not null) run.Terminal.Out.WriteLine($"client secret  {secret}");
        run.Terminal.Out.WriteLine($"issuer         {issuer}");
        run.Say("Members of the organization can sign in to it now, by OpenID Connect (authorization code with PKCE).");
        return CommandRunner.Done;
    }

    /// <param name="ClientSecret">Null: it can keep none.</param>
    private sealed record SignInClient(string ClientId, string? ClientSecret, string Issuer);

    /// <summary>A client's id ends with that of its resource.</summary>
    private static string ResourceIdOf(string clientId) => "cli_" + clientId[^26..];

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

using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Data;
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

    private static readonly Option<string[]> PostLogoutRedirectUri = new("--post-logout-redirect-uri")
    {
        Description = "With --redirect-uri: where people may be sent after they have signed out of it; repeatable", HelpName = "URL",
    };

    private static readonly Option<string[]> PublicKey = new("--public-key")
    {
        Description = "It proves who it is by this key (PEM or JSON Web Key), and has no secret; repeatable", HelpName = "FILE",
    };

    private static readonly Option<string?> SigningAlgorithm = new("--signing-algorithm")
    {
        Description = "By which its tokens are signed: RS256 (the default), ES256 or EdDSA", HelpName = "ALGORITHM",
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
        new Command("create", "Create a client; its secret is shown once")
        {
            Admin, PublicKey, SigningAlgorithm, RedirectUri, PostLogoutRedirectUri, DisplayName, Public,
        }.Does(terminal, CreateAsync),
        new Command("list", "List the clients").Does(terminal, ListAsync),
        new Command("reset", "Give a client a new secret") { ClientId }.Does(terminal, ResetAsync),
        new Command("delete", "Delete a client and revoke its tokens") { ClientId, Yes, Force }.Does(terminal, DeleteAsync),
    };

    private static async Task<int> CreateAsync(Run run, CancellationToken cancellationToken)
    {
        var isForPeople = run.Parse.GetValue(RedirectUri) is { Length: > 0 };
        if (isForPeople && run.Parse.GetValue(Admin))
            throw UsageErrors.Of("--admin is for machine clients.", "Leave out --admin or --redirect-uri.").ToException();
        if (!isForPeople && (run.Parse.GetValue(DisplayName) is not null || run.Parse.GetValue(Public)
            || run.Parse.GetValue(PostLogoutRedirectUri) is { Length: > 0 }))
            throw UsageErrors.Of(
                "--display-name, --public and --post-logout-redirect-uri are for programs that people sign in to.",
                "Give --redirect-uri too.").ToException();
        var spec = await SpecAsync(run, isForPeople, cancellationToken); // files first: nothing is made where one is wrong
        var path = "/api/clients" + (run.Parse.GetValue(Admin) ? "?withAdminRole=true" : "");
        using var made = await run.Client.SendAsync(HttpMethod.Post, path, cancellationToken: cancellationToken);
        var client = made!.RootElement;
        if (spec.Count > 0) await ChangeAsync(run, client.Text("client_id")!, spec, cancellationToken);
        if (isForPeople) return ShowSignIn(run, client);
        return run.Parse.GetValue(PublicKey) is { Length: > 0 } ? ShowKeyed(run, client) : ShowSecret(run, client);
    }

    /// <summary>What a new client gets beside its role and its secret.</summary>
    private static async Task<Dictionary<string, object>> SpecAsync(Run run, bool isForPeople, CancellationToken cancellationToken)
    {
        var spec = new Dictionary<string, object>(StringComparer.Ordinal);
        var keys = new List<JsonElement>();
        foreach (var file in run.Parse.GetValue(PublicKey) ?? []) keys.AddRange(await PublicKeyFile.ReadAsync(file, cancellationToken));
        if (keys.Count > 0) spec["publicKeys"] = keys;
        if (run.Parse.GetValue(SigningAlgorithm) is { } algorithm) spec["signingAlgorithm"] = algorithm;
        if (!isForPeople) return spec;
        (spec["roles"], spec["redirectUris"]) = (Array.Empty<string>(), run.Parse.GetRequiredValue(RedirectUri));
        if (run.Parse.GetValue(PostLogoutRedirectUri) is { Length: > 0 } afterwards) spec["postLogoutRedirectUris"] = afterwards;
        if (run.Parse.GetValue(DisplayName) is { } name) spec["displayName"] = name;
        if (run.Parse.GetValue(Public)) spec["public"] = true;
        return spec;
    }

    /// <summary>A client that cannot be made as asked is not left behind.</summary>
    private static async Task ChangeAsync(Run run, string id, Dictionary<string, object> spec, CancellationToken cancellationToken)
    {
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
    }

    /// <summary>A client to which people sign in.</summary>
    private static int ShowSignIn(Run run, JsonElement client)
    {
        var hasSecret = !run.Parse.GetValue(Public) && run.Parse.GetValue(PublicKey) is not { Length: > 0 };
        var shown = new IssuedClient(client.Text("client_id"), hasSecret ? client.Text("client_secret") : null, IssuerOf(run));
        if (run.WriteMachine(shown)) return CommandRunner.Done;
        Print(run, shown);
        run.Say("Members of the organization can sign in to it now, by OpenID Connect (authorization code with PKCE).");
        return CommandRunner.Done;
    }

    /// <summary>A machine client that has a key of its own.</summary>
    private static int ShowKeyed(Run run, JsonElement client)
    {
        var shown = new IssuedClient(client.Text("client_id"), null, IssuerOf(run));
        if (run.WriteMachine(shown)) return CommandRunner.Done;
        Print(run, shown);
        run.Say("It gets access tokens by private_key_jwt (RFC 7523): iss and sub are the client id, aud is the issuer.");
        return CommandRunner.Done;
    }

    private static void Print(Run run, IssuedClient client)
    {
        run.Terminal.Out.WriteLine($"client id      {client.ClientId}");
        if (client.ClientSecret is not null) run.Terminal.Out.WriteLine($"client secret  {client.ClientSecret}");
        run.Terminal.Out.WriteLine($"issuer         {client.Issuer}");
    }

    private static string IssuerOf(Run run) => run.Context.Server.TrimEnd('/') + "/api";

    /// <param name="ClientSecret">Null: it has none that opens anything.</param>
    private sealed record IssuedClient(string? ClientId, string? ClientSecret, string Issuer);

    /// <summary>A client's id ends with that of its resource.</summary>
    private static string ResourceIdOf(string clientId) => "cli_" + clientId[^26..];

    private static async Task<int> ResetAsync(Run run, CancellationToken cancellationToken)
    {
        using var answer = await run.Client.SendAsync(HttpMethod.Put, PathOf(run) + "/secret", cancellationToken: cancellationToken);
        return ShowSecret(run, answer!.RootElement);
    }

    private static int ShowSecret(Run run, JsonElement client)
    {
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

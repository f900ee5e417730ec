using Strata.Contracts;
using Strata.Core;
using Strata.Identity.Keys;
using Strata.Resources.Kinds;

namespace Strata.Identity.Clients;

/// <summary>States of a client: always ACTIVE.</summary>
public static class ClientKind
{
    public static readonly Kind<ClientSpec, ClientStatus> Kind = new()
    {
        Name = "client",
        Plural = Plurals.Clients,
        IdPrefix = "cli",
        Scope = KindScope.Organization,
        WriteIsAdministrators = true,
        FreshSignIn = FreshSignInFor.AllWrites,
        Description = "A program that calls the API in its own name, by access tokens that it gets for its id and a secret or a signature.",
        Workflow = KindWorkflow.Load(typeof(ClientKind), "client.workflow.json"),
        InitialStatus = new ClientStatus(),
        HiddenStatus = ["secretHash"],
        UserCreates = false,
        Validate = Check,
        ValidateChange = (was, next) => next.Roles.Count == 0 || was.Roles.SequenceEqual(next.Roles)
            ? [] : [new("roles", "A client's roles can only be taken away: make another one.")],
    };

    private static readonly string[] LoopbackHosts = ["http://127.0.0.1", "http://[::1]"];
    private const int RedirectUrisMax = 20;
    private const int TextLengthMax = 500;
    private const int DisplayNameLengthMax = 100;

    /// <summary>Whether people may be sent there: of a loopback address the port does not count.</summary>
    internal static bool AllowsRedirect(ClientSpec client, string uri) => IsAmong(client.RedirectUris, uri);

    /// <summary>As the other, after they have signed out.</summary>
    internal static bool AllowsPostLogoutRedirect(ClientSpec client, string uri) => IsAmong(client.PostLogoutRedirectUris, uri);

    private static bool IsAmong(IReadOnlyList<string> registered, string uri) => registered.Contains(uri)
        || (WithoutPort(uri) is { } sent && registered.Any(known => WithoutPort(known) == sent));

    /// <summary>Of a loopback address; null: it is none. By its characters, so that nothing else is taken for the same.</summary>
    private static string? WithoutPort(string uri)
    {
        if (LoopbackHosts.FirstOrDefault(h => uri.StartsWith(h, StringComparison.Ordinal)) is not { } host) return null;
        var rest = uri[host.Length..];
        if (rest.StartsWith(':')) rest = rest[1..].TrimStart(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        return rest.Length == 0 || rest[0] is '/' or '?' ? host + rest : null;
    }

    private static List<ValidationError> Check(ClientSpec spec)
    {
        var faults = new List<ValidationError>();
        if ((spec.Roles.Count == 0 && spec.RedirectUris.Count == 0) || !spec.Roles.All(ContractRoles.OfClients.Contains))
            faults.Add(new("roles", $"They are one or more of {string.Join(", ", ContractRoles.OfClients)}; none where people only sign in to it."));
        CheckUris("redirectUris", spec.RedirectUris, faults);
        CheckUris("postLogoutRedirectUris", spec.PostLogoutRedirectUris, faults);
        faults.AddRange(ClientKeys.Check(spec));
        if (!KeyPairKind.Algorithms.Contains(spec.SigningAlgorithm))
            faults.Add(new("signingAlgorithm", $"It is one of {string.Join(", ", KeyPairKind.Algorithms)}."));
        if (spec.DisplayName is { } name && (name.Length is 0 or > DisplayNameLengthMax || name.Any(char.IsControl)))
            faults.Add(new("displayName", $"It takes 1 to {DisplayNameLengthMax} characters."));
        return faults;
    }

    private static void CheckUris(string field, IReadOnlyList<string> uris, List<ValidationError> faults)
    {
        if (uris.Count > RedirectUrisMax || !uris.All(IsRedirect))
            faults.Add(new(field, $"They are at most {RedirectUrisMax} whole addresses without a fragment: https, http of this machine, or "
                + "a scheme of a program's own such as com.example.app."));
    }

    /// <summary>A scheme that a browser runs, or that shows a file, is none of a program's own: those have a dot.</summary>
    private static bool IsRedirect(string text)
    {
        if (text.Length > TextLengthMax || text.Any(c => c is <= ' ' or > '~' or '#')) return false;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.UserInfo.Length > 0) return false;
        return uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)
            || uri.Scheme.Contains('.', StringComparison.Ordinal);
    }
}

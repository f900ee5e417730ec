using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Strata.Api.Http;
using Strata.Identity.Clients;
using ClientResource = Strata.Core.Resource<Strata.Contracts.ClientSpec, Strata.Contracts.ClientStatus>;

namespace Strata.Identity.Tokens;

/// <summary>The client that sent a request: it has proved that.</summary>
internal sealed record KnownClient(ClientId Id, ClientResource Resource);

/// <summary>
/// How clients prove who they are: by their secret in HTTP Basic or in the form, or by an assertion. One that has registered public keys
/// does so by an assertion alone, so that a secret that was left somewhere opens nothing. Safe for concurrent use.
/// </summary>
internal sealed class ClientAuthentication(
    ClientStore clients, ClientAssertions assertions, RequestSource sources, IdentityOptions options, TimeProvider time)
{
    private static readonly TimeSpan GuessWindow = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Of wrong secrets; a right one is never counted nor kept out: a limit that blocks a client would let anyone lock it out.
    /// </summary>
    private readonly GuessLimit guesses = new(options.GuessesMax, GuessWindow, time);

    /// <returns>Either the client, or why it is refused.</returns>
    public async ValueTask<(KnownClient? Client, OAuthError? Error)> FindAsync(HttpContext http, TokenRequest request)
    {
        var isBasic = TokenRequest.TryReadBasic(http, out var clientId, out var secret);
        if ((isBasic ? 1 : 0) + (request.ClientSecret is null ? 0 : 1) + (request.ClientAssertion is null ? 0 : 1) > 1)
            return (null, OAuthError.OneWay);
        if (request.ClientAssertion is { } assertion) return await ByAssertionAsync(http, request, assertion);
        if (!isBasic) (clientId, secret) = (request.ClientId, request.ClientSecret);
        if (clientId is null || secret is null) return (null, OAuthError.NoClient);
        // The secret first: a caller with the right one is let in, no matter how many wrong ones came before, from this address or any
        // other.
        return await BySecretAsync(clientId, secret, http.RequestAborted) is { } client ? (client, null)
            : (null, Refused(http, OAuthError.NoClient));
    }

    /// <summary>
    /// Checks a client's assertion before the library sees the request, which then knows the client by <see cref="KnownClient"/>. A request
    /// without one is left as it is.
    /// </summary>
    /// <returns>Why the request is refused; null: it is not.</returns>
    public async ValueTask<OAuthError?> CheckAssertionAsync(HttpContext http, TokenRequest request)
    {
        if (request.ClientAssertion is null && request.ClientAssertionType is null) return null;
        var (client, error) = await FindAsync(http, request);
        if (client is null) return error;
        http.Features.Set(client);
        var form = http.Request.Form.Where(f => f.Key is not (TokenRequest.Assertion or TokenRequest.AssertionType))
            .ToDictionary(f => f.Key, f => f.Value, StringComparer.Ordinal);
        form["client_id"] = new StringValues(client.Id.ToString());
        http.Request.Form = new FormCollection(form);
        return null;
    }

    private async ValueTask<(KnownClient? Client, OAuthError? Error)> ByAssertionAsync(
        HttpContext http, TokenRequest request, string assertion)
    {
        if (request.ClientAssertionType != ClientAssertions.Type) return (null, OAuthError.NoAssertionType);
        var (client, error) = await assertions.VerifyAsync(assertion, http.RequestAborted);
        if (client is not null && request.ClientId is { } named && named != client.Id.ToString()) return (null, OAuthError.BadAssertion);
        return client is not null || error!.Status != 401 ? (client, error) : (null, Refused(http, error));
    }

    private async ValueTask<KnownClient?> BySecretAsync(string clientId, string secret, CancellationToken cancellationToken) =>
        ClientId.TryParse(clientId, out var id) && await clients.FindAsync(id, cancellationToken) is { } client
            && IsSecretOf(client, secret) ? new KnownClient(id, client) : null;

    public static bool IsSecretOf(ClientResource client, string secret) =>
        client.Spec.PublicKeys.Count == 0 && SecretText.Matches(secret, client.Status.SecretHash);

    /// <summary>Wrong proofs are counted by where they come from, whichever client they are for.</summary>
    private OAuthError Refused(HttpContext http, OAuthError error)
    {
        var source = sources.Of(http);
        guesses.Failed(source);
        return guesses.IsOver(source) ? OAuthError.TooManyGuesses : error;
    }
}

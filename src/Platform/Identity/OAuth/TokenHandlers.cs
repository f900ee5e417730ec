using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Strata.Api.Auth;
using Strata.Core;
using Strata.Identity.Clients;
using Strata.Identity.Keys;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Strata.Identity.OAuth;

/// <summary>Which grants of which client the token endpoint gives.</summary>
internal sealed class CheckTokenRequest(OAuthClients clients) : IOpenIddictServerHandler<ValidateTokenRequestContext>
{
    public async ValueTask HandleAsync(ValidateTokenRequestContext context)
    {
        var request = context.Request;
        var isDevice = request.IsDeviceCodeGrantType();
        if (!isDevice && !request.IsAuthorizationCodeGrantType() && !request.IsRefreshTokenGrantType())
            context.Reject(Errors.UnsupportedGrantType, "This grant is not given here.");
        else if (isDevice != (context.ClientId == SessionClients.CommandLine)
            || !await clients.IsItselfAsync(context.ClientId, context.ClientSecret, CodeClaims.HttpOf(context.Transaction)))
            context.Reject(Errors.InvalidClient, "The client is not known, its secret is wrong, or it may not use this grant.");
    }
}

/// <summary>Who may have tokens revoked: the client that they are for.</summary>
internal sealed class CheckRevocation(OAuthClients clients) : IOpenIddictServerHandler<ValidateRevocationRequestContext>
{
    public async ValueTask HandleAsync(ValidateRevocationRequestContext context)
    {
        if (!await clients.IsItselfAsync(context.ClientId, context.ClientSecret, CodeClaims.HttpOf(context.Transaction)))
            context.Reject(Errors.InvalidClient, "The client is not known, or its secret is wrong.");
    }
}

/// <summary>Either token stands for its session, which ends.</summary>
internal sealed class EndRevoked(SessionStore sessions)
    : IOpenIddictServerHandler<HandleRevocationRequestContext>
{
    public async ValueTask HandleAsync(HandleRevocationRequestContext context)
    {
        var stopped = CodeClaims.HttpOf(context.Transaction).RequestAborted;
        if (!SessionKind.Kind.TryParseId(context.GenericTokenPrincipal?.GetClaim(CodeClaims.Session) ?? "", out var id)) return;
        if (await sessions.FindAsync(id, stopped) is not { } session || session.Spec.Client != context.Request.ClientId) return;
        var ended = await sessions.EndAsync(new(TenantId.Platform, "client:" + session.Spec.Client), session.Id, stopped);
        if (!ended.IsOk) throw ended.Error.ToException();
    }
}

/// <summary>
/// The codes that people enter are no tokens, and access tokens are verified by the cloud's keys. The rest, which programs show, the
/// library reads as it sealed it.
/// </summary>
internal sealed class ReadOwnTokens(PersonTokens tokens, TimeProvider time) : IOpenIddictServerHandler<ValidateTokenContext>
{
    public async ValueTask HandleAsync(ValidateTokenContext context)
    {
        if (context.ValidTokenTypes.SetEquals([TokenTypeIdentifiers.Private.UserCode]))
        {
            context.Reject(Errors.InvalidToken, "The page /device takes the code.");
            return;
        }
        if (!context.ValidTokenTypes.Contains(TokenTypeIdentifiers.AccessToken) || context.Token is not { } text) return;
        if (JwtCheck.Read(text) is not JsonWebToken jwt || jwt.IsEncrypted) return;
        var stopped = CodeClaims.HttpOf(context.Transaction).RequestAborted;
        if (await tokens.VerifyAsync(jwt, new StorageDeadline(time), stopped) is not { } grant) return;
        var identity = new System.Security.Claims.ClaimsIdentity("strata");
        identity.SetClaim(Claims.Subject, jwt.Subject).SetClaim(CodeClaims.Session, SessionKind.Kind.IdOf(grant.Session))
            .SetTokenType(TokenTypeIdentifiers.AccessToken).SetPresenters(grant.Client).SetExpirationDate(jwt.ValidTo);
        context.Principal = new(identity);
    }
}

/// <summary>A person's code and an access token are ours; others, such as a program's code, are made by the library.</summary>
internal sealed class UseOwnTokens : IOpenIddictServerHandler<GenerateTokenContext>
{
    public ValueTask HandleAsync(GenerateTokenContext context)
    {
        context.Token = context.TokenType switch
        {
            TokenTypeIdentifiers.Private.UserCode => context.Principal.GetClaim(CodeClaims.UserCode),
            TokenTypeIdentifiers.AccessToken => context.Transaction.Properties[CodeClaims.Token] as string,
            _ => null,
        };
        return default;
    }
}

/// <summary>ID tokens are signed by the cloud's own keys, which are published and change, as the program chose.</summary>
internal sealed class SignIdTokens(PersonTokens tokens) : IOpenIddictServerHandler<GenerateTokenContext>
{
    public async ValueTask HandleAsync(GenerateTokenContext context)
    {
        if (context.TokenType != TokenTypeIdentifiers.IdentityToken) return;
        var algorithm = (string)context.Transaction.Properties[CodeClaims.Algorithm]!;
        context.SigningCredentials = await tokens.CredentialsAsync(algorithm, CodeClaims.HttpOf(context.Transaction).RequestAborted);
        // The library hashes by SHA-256 always; EdDSA goes with the hash of Ed25519 (OpenID Connect Core, 3.1.3.6).
        if (algorithm != KeyPairKind.EdDsa || context.Transaction.Properties[CodeClaims.Token] is not string access) return;
        var hash = SHA512.HashData(Encoding.ASCII.GetBytes(access));
        context.Principal.SetClaim(Claims.AccessTokenHash, Base64Url.EncodeToString(hash.AsSpan(0, hash.Length / 2)));
    }
}

/// <summary>What the token endpoint gives beside the library's grants, and how ID tokens are signed.</summary>
internal sealed class DescribeServer(IdentityOptions options) : IOpenIddictServerHandler<HandleConfigurationRequestContext>
{
    public ValueTask HandleAsync(HandleConfigurationRequestContext context)
    {
        context.GrantTypes.Add(TokenRequest.Credentials);
        context.GrantTypes.Add(TokenRequest.Exchange);
        Only(context.CodeChallengeMethods, CodeChallengeMethods.Sha256);
        Only(context.ResponseModes, ResponseModes.Query, ResponseModes.FormPost);
        Only(context.PromptValues, PromptValues.None, PromptValues.Login, PromptValues.Consent);
        foreach (var methods in new[] { context.TokenEndpointAuthenticationMethods, context.RevocationEndpointAuthenticationMethods })
            Only(methods, ClientAuthenticationMethods.ClientSecretBasic, ClientAuthenticationMethods.ClientSecretPost,
                ClientAuthenticationMethods.PrivateKeyJwt, ClientAuthenticationMethods.None);
        Only(context.IntrospectionEndpointAuthenticationMethods, ClientAuthenticationMethods.ClientSecretBasic,
            ClientAuthenticationMethods.ClientSecretPost, ClientAuthenticationMethods.PrivateKeyJwt);
        foreach (var endpoint in (string[])["token", "revocation", "introspection"])
            context.Metadata[endpoint + "_endpoint_auth_signing_alg_values_supported"] =
                ImmutableArray.CreateRange<string?>(ClientKeys.Algorithms);
        context.IntrospectionEndpoint = new Uri(options.LinkTo("/" + OAuthServer.IntrospectUri));
        context.EndSessionEndpoint = new Uri(options.LinkTo("/" + OAuthServer.LogoutUri));
        context.Claims.UnionWith([Claims.Name, Claims.PreferredUsername, Claims.Email, Claims.EmailVerified]);
        Only(context.IdTokenSigningAlgorithms, [.. KeyPairKind.Algorithms]);
        return default;
    }

    private static void Only(HashSet<string> values, params ReadOnlySpan<string> kept)
    {
        values.Clear();
        foreach (var value in kept) values.Add(value);
    }
}

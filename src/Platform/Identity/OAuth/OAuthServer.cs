using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using Strata.Api.Auth;
using Strata.Api.OpenApi;
using Strata.Core;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Strata.Identity.OAuth;

/// <summary>
/// The authorization server for people's programs: OpenIddict, without its stores. It reads and checks requests and writes answers; what is
/// kept, and what a token is, are <see cref="DeviceRequests"/> and sessions. Only the routes below reach it, so that it costs other
/// requests nothing.
/// </summary>
internal static class OAuthServer
{
    private const string DeviceUri = "api/oauth/device";
    public const string TokenUri = "api/oauth/token";
    public const string AuthorizeUri = "api/oauth/authorize";
    public const string RevokeUri = "api/oauth/revoke";
    public const string IntrospectUri = "api/oauth/introspect";
    public const string LogoutUri = "api/oauth/logout";
    public const string UserInfoUri = "api/oauth/userinfo";
    private const string ConfigurationUri = "api/.well-known/openid-configuration";
    private const string KeysUri = "api/.well-known/jwks.json";
    private const string PageUri = "device";

    private static readonly TimeSpan CodeLifetime = TimeSpan.FromMinutes(2);
    private static readonly int AfterCredentials = OpenIddictServerHandlers.Protection.AttachSecurityCredentials.Descriptor.Order + 1;

    /// <summary>The steps that are ours, in the order in which requests meet them.</summary>
    public static void AddOAuthServer(this IServiceCollection services)
    {
        services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>, Configuration>();
        services.AddOpenIddict().AddServer(server =>
        {
            server.EnableDegradedMode().AllowDeviceAuthorizationFlow().AllowAuthorizationCodeFlow().AllowRefreshTokenFlow();
            server.RequireProofKeyForCodeExchange().RegisterScopes([.. OAuthScopes.All]);
            server.SetDeviceCodeLifetime(DeviceRequests.Lifetime).SetUserCodeLifetime(DeviceRequests.Lifetime)
                .SetAuthorizationCodeLifetime(CodeLifetime);
            server.AddEventHandler<HandleConfigurationRequestContext>(h => h.UseSingletonHandler<DescribeServer>().SetOrder(int.MaxValue));
            server.AddEventHandler<ValidateAuthorizationRequestContext>(h => h.UseSingletonHandler<CheckAuthorization>());
            server.AddEventHandler<ValidateDeviceAuthorizationRequestContext>(h => h.UseSingletonHandler<CheckDeviceRequest>());
            server.AddEventHandler<HandleDeviceAuthorizationRequestContext>(h => h.UseSingletonHandler<KeepDeviceRequest>());
            server.AddEventHandler<ValidateEndUserVerificationRequestContext>(h => h.UseSingletonHandler<LeaveToThePage>());
            server.AddEventHandler<ValidateTokenRequestContext>(h => h.UseSingletonHandler<CheckTokenRequest>());
            server.AddEventHandler<ValidateTokenContext>(h => h.UseSingletonHandler<ReadOwnTokens>().SetOrder(int.MinValue));
            server.AddEventHandler<HandleTokenRequestContext>(h => h.UseSingletonHandler<AnswerDevice>());
            server.AddEventHandler<HandleTokenRequestContext>(h => h.UseSingletonHandler<AnswerProgram>());
            server.AddEventHandler<GenerateTokenContext>(h => h.UseSingletonHandler<UseOwnTokens>().SetOrder(int.MinValue));
            server.AddEventHandler<GenerateTokenContext>(h => h.UseSingletonHandler<SignIdTokens>().SetOrder(AfterCredentials));
            server.AddEventHandler<ValidateRevocationRequestContext>(h => h.UseSingletonHandler<CheckRevocation>());
            server.AddEventHandler<HandleRevocationRequestContext>(h => h.UseSingletonHandler<EndRevoked>());
            // A proxy in front may end TLS; what the authorization endpoint shows is a page of ours.
            server.UseAspNetCore().DisableTransportSecurityRequirement().EnableAuthorizationEndpointPassthrough()
                .EnableErrorPassthrough();
        });
        // The library adds data protection, which would make keys in the user's home at the start. Nothing here uses it.
        foreach (var unused in services.Where(IsDataProtectionStart).ToList()) services.Remove(unused);
    }

    public static void MapOAuthServer(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/" + ConfigurationUri, ServeAsync).WithMetadata(new Operation
        {
            Id = "getOpenIdConfiguration", Tag = "tokens", Summary = "Describe the authorization server (OpenID Connect Discovery).",
            Answer = Content.Json(Schemas.Members(
                [("issuer", Schemas.Text()), ("token_endpoint", Schemas.Text()), ("jwks_uri", Schemas.Text())], "issuer",
                "token_endpoint")),
        }).Open();
        routes.MapPost("/" + RevokeUri, ServeFormAsync).WithMetadata(new Operation
        {
            Id = "revokeToken", Tag = "tokens", Summary = "End what a program's token stands for (RFC 7009): its other tokens end with it.",
            Body = new Content(
                ["application/x-www-form-urlencoded"],
                Schemas.Members(
                    [
                        ("token", Schemas.Text()), ("client_id", Schemas.Text()), ("client_secret", Schemas.Text()),
                        ("client_assertion", Schemas.Text()), ("client_assertion_type", Schemas.Text()),
                    ], "token")),
            Answer = Content.Json(Schemas.Object()), Repeatable = "A token that has ended is as good.",
        }).Open();
        routes.MapPost("/" + DeviceUri, ServeFormAsync).WithMetadata(new Operation
        {
            Id = "requestDeviceAuthorization", Tag = "tokens",
            Summary = "Ask for a sign-in in a browser, for a program that has none (RFC 8628); the token endpoint answers when it is allowed.",
            Body = new Content(["application/x-www-form-urlencoded"], Schemas.Members([("client_id", Schemas.Text())], "client_id")),
            Answer = Content.Json(Schemas.Members(
                [
                    ("device_code", Schemas.Text()), ("user_code", Schemas.Text()), ("verification_uri", Schemas.Text()),
                    ("verification_uri_complete", Schemas.Text()), ("expires_in", Schemas.Integer(0, int.MaxValue)),
                    ("interval", Schemas.Integer(0, int.MaxValue)),
                ], "device_code", "user_code", "verification_uri", "expires_in")),
            Repeatable = "It makes one more request, which expires.",
        }).Open();
    }

    /// <summary>Has the library answer a request to one of its endpoints.</summary>
    public static async Task ServeAsync(HttpContext http)
    {
        if (!await TryServeAsync(http)) throw new InvalidOperationException($"The authorization server has not answered {http.Request.Path}.");
    }

    /// <returns>False: the request is good, and it is for us to answer it.</returns>
    public static async Task<bool> TryServeAsync(HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        var handlers = http.RequestServices.GetRequiredService<IAuthenticationHandlerProvider>();
        var server = await handlers.GetHandlerAsync(http, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        return server is IAuthenticationRequestHandler handler && await handler.HandleRequestAsync();
    }

    /// <summary>A body of any length is not read into memory.</summary>
    private static async Task ServeFormAsync(HttpContext http)
    {
        var clients = http.RequestServices.GetRequiredService<Tokens.ClientAuthentication>();
        if (await Tokens.TokenRequest.ReadAsync(http) is not { } request) await Tokens.OAuthError.NoForm.WriteAsync(http);
        else if (await clients.CheckAssertionAsync(http, request) is { } refused) await refused.WriteAsync(http);
        else await ServeAsync(http);
    }

    private static bool IsDataProtectionStart(ServiceDescriptor service) => service.ServiceType == typeof(IHostedService)
        && service.ImplementationType?.FullName == "Microsoft.AspNetCore.DataProtection.Internal.DataProtectionHostedService";

    /// <summary>
    /// At the first request: codes are sealed under keys of the cloud's own, so that every server reads them. Endpoints have the public
    /// address first, which is what answers say, and match under any.
    /// </summary>
    private sealed class Configuration(IdentityOptions identity, SealedSecrets secrets) : IConfigureOptions<OpenIddictServerOptions>
    {
        public void Configure(OpenIddictServerOptions options)
        {
            options.Issuer = new Uri(identity.Issuer);
            options.ConfigurationEndpointUris.Clear();
            options.JsonWebKeySetEndpointUris.Clear();
            Add(options.DeviceAuthorizationEndpointUris, DeviceUri);
            Add(options.TokenEndpointUris, TokenUri);
            Add(options.AuthorizationEndpointUris, AuthorizeUri);
            Add(options.RevocationEndpointUris, RevokeUri);
            Add(options.UserInfoEndpointUris, UserInfoUri);
            Add(options.ConfigurationEndpointUris, ConfigurationUri);
            Add(options.JsonWebKeySetEndpointUris, KeysUri);
            Add(options.EndUserVerificationEndpointUris, PageUri);
            var sealing = new SymmetricSecurityKey(secrets.DeriveKey("oauth codes 1"));
            options.EncryptionCredentials.Add(
                new EncryptingCredentials(sealing, SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512));
            var signing = new SymmetricSecurityKey(secrets.DeriveKey("oauth code signatures 1"));
            options.SigningCredentials.Add(new SigningCredentials(signing, SecurityAlgorithms.HmacSha256));
            // Required, and not used: what is signed for others is signed by the cloud's key pairs.
            options.SigningCredentials.Add(new SigningCredentials(
                new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)), SecurityAlgorithms.EcdsaSha256));
        }

        private void Add(List<Uri> uris, string path)
        {
            uris.Add(new Uri(identity.LinkTo("/" + path)));
            uris.Add(new Uri(path, UriKind.Relative));
        }
    }
}

using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Core;
using Strata.Resources.Servers;

namespace Strata.Api.Peers;

/// <summary>A request that another server of this cloud passed on, or made for itself.</summary>
/// <param name="From">The id of that server.</param>
/// <param name="KeepsChecking">That server keeps asking whether the caller's token is valid, and ends the request when it is not.</param>
public sealed record PeerCaller(string From, bool KeepsChecking);

/// <summary>
/// Tokens by which the servers of a cloud call each other: JSON Web Tokens signed (HS256) with a key derived from the cloud's. Each is good
/// for one request: for one server in its present life, one method and path, for half a minute, once. Which tokens were used is forgotten
/// at a restart; those of the former life are refused then. It carries the principal whose request is passed on, so that the other server
/// decides with the same rights. Safe for concurrent use.
/// </summary>
public sealed class PeerTokens
{
    /// <summary>Of the header Authorization; no token of users is accepted by it, nor one of these as a bearer token.</summary>
    public const string Scheme = "Strata-Peer ";

    private const int CharactersMax = 16 * 1024;
    private const string Method = "m";

    /// <summary>The hash of the path: a long query does not count against <see cref="CharactersMax"/>.</summary>
    private const string Path = "ph";
    private const string Tenant = "org";
    private const string Grants = "grants";
    private const string RoleNames = "roles";
    private const string Project = "project";
    private const string Node = "node";
    private const string Elsewhere = "elsewhere";
    private const string Checking = "checking";

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    private readonly JsonWebTokenHandler handler = new()
    {
        SetDefaultTimesOnTokenCreation = false, MaximumTokenSizeInBytes = CharactersMax,
    };
    private readonly SigningCredentials signing;
    private readonly PeerNonces used;
    private readonly ServerSelf self;
    private readonly string audience;
    private readonly TimeProvider time;

    public PeerTokens(SealedSecrets secrets, ServerSelf self, TimeProvider time)
    {
        (this.self, this.time) = (self, time);
        signing = new SigningCredentials(new SymmetricSecurityKey(secrets.DeriveKey("peer tokens 1")), SecurityAlgorithms.HmacSha256);
        used = new PeerNonces(time, Lifetime + Skew + Skew);
        audience = AudienceOf(self.ServerId, self.Life);
    }

    /// <param name="target">The server that is called.</param>
    /// <param name="path">With its query, as it is sent.</param>
    /// <param name="keepsChecking">See <see cref="PeerCaller"/>; only for a caller that really does.</param>
    internal string Issue(PeerServer target, string method, string path, Principal principal, bool keepsChecking = false)
    {
        var now = time.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["jti"] = Guid.CreateVersion7(now).ToString(), ["sub"] = principal.Actor, [Method] = method, [Path] = HashOf(path),
            [Tenant] = principal.Tenant.ToString(),
            [Grants] = PeerGrants.Write(principal.Grants), [RoleNames] = principal.RoleNames.ToArray(),
        };
        if (principal.Project is { } project) claims[Project] = project;
        if (principal.Node is { } node) claims[Node] = node;
        if (principal.IsOperatorElsewhere) claims[Elsewhere] = true;
        if (keepsChecking) claims[Checking] = true;
        return handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = self.ServerId, Audience = AudienceOf(target.ServerId, target.Life), Claims = claims,
            IssuedAt = now.UtcDateTime, Expires = (now + Lifetime).UtcDateTime, SigningCredentials = signing,
        });
    }

    /// <summary>
    /// Whose request it is; UNAUTHORIZED for any token that is not for this very request, or was used; PEER_BUSY if that cannot be decided.
    /// </summary>
    internal async ValueTask<Result<(Principal Principal, PeerCaller From)>> VerifyAsync(string text, string method, string path)
    {
        if (text.Length > CharactersMax || text.AsSpan().Count('.') != 2) return ApiErrors.Unauthorized;
        var now = time.GetUtcNow();
        var verified = await handler.ValidateTokenAsync(text, new TokenValidationParameters
        {
            IssuerSigningKey = signing.Key, ValidAlgorithms = [SecurityAlgorithms.HmacSha256], RequireSignedTokens = true,
            RequireExpirationTime = true,
            ValidateIssuer = false, ValidAudience = audience,
            LifetimeValidator = (_, to, _, _) => to is { } end && end > (now - Skew).UtcDateTime
                && end <= (now + Lifetime + Skew).UtcDateTime,
        });
        if (!verified.IsValid || verified.SecurityToken is not JsonWebToken token) return ApiErrors.Unauthorized;
        if (Text(token, Method) != method || Text(token, Path) != HashOf(path)) return ApiErrors.Unauthorized;
        if (!TryReadTenant(Text(token, Tenant), out var tenant) || !Guid.TryParse(token.Id, out var nonce)) return ApiErrors.Unauthorized;
        if (ReadPrincipal(token, tenant) is not { } principal) return ApiErrors.Unauthorized;
        return used.TryUse(tenant, nonce) switch
        {
            NonceUse.Fresh => (principal, new PeerCaller(token.Issuer, IsSet(token, Checking))),
            NonceUse.Full => PeerErrors.Replays,
            _ => ApiErrors.Unauthorized,
        };
    }

    /// <summary>A server that does not know its own life yet refuses every token, as it cannot detect a replay.</summary>
    private static string AudienceOf(string serverId, string? life) => $"{serverId}/{life}";

    private static string HashOf(string path) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(path)));

    private static Principal? ReadPrincipal(JsonWebToken token, TenantId tenant)
    {
        try
        {
            return new Principal
            {
                Tenant = tenant, Actor = token.Subject, Grants = PeerGrants.Read(Text(token, Grants) ?? ""),
                RoleNames = List(token, RoleNames),
                Project = Text(token, Project), Node = Text(token, Node),
                IsOperatorElsewhere = IsSet(token, Elsewhere),
            };
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool TryReadTenant(string? text, out TenantId tenant)
    {
        tenant = TenantId.Platform;
        return text == TenantId.Platform.ToString() || TenantId.TryParse(text, out tenant);
    }

    private static string? Text(JsonWebToken token, string claim) => token.TryGetPayloadValue<string>(claim, out var text) ? text : null;

    private static bool IsSet(JsonWebToken token, string claim) => token.TryGetPayloadValue<bool>(claim, out var isSet) && isSet;

    private static IReadOnlyList<string> List(JsonWebToken token, string claim) =>
        token.TryGetPayloadValue<JsonElement>(claim, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(i => i.GetString() ?? "")]
            : [];
}

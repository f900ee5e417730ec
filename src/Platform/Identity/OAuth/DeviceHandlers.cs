using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Http;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Identity.People;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Strata.Identity.OAuth;

/// <summary>What codes say, and what passes between the steps of one request.</summary>
internal static class CodeClaims
{
    /// <summary>The code that a person enters.</summary>
    public const string UserCode = "strata_user_code";

    /// <summary>See <see cref="DeviceRequest.Grant"/>.</summary>
    public const string Grant = "strata_grant";

    /// <summary>Id of the session of the browser in which a person has allowed it.</summary>
    public const string Browser = "strata_browser";

    /// <summary>Id of the session that a token stands for.</summary>
    public const string Session = "strata_session";

    /// <summary>See <see cref="SessionStatus.Generation"/>.</summary>
    public const string Generation = "strata_generation";

    /// <summary>Of a transaction: the token that is given out.</summary>
    public const string Token = "strata_token";

    /// <summary>Of a transaction: by which the ID token is signed.</summary>
    public const string Algorithm = "strata_algorithm";

    public static HttpContext HttpOf(OpenIddictServerTransaction transaction) => transaction.GetHttpRequest()?.HttpContext
        ?? throw new InvalidOperationException("The request did not come over HTTP.");
}

/// <summary>Who may ask: the clients that come with the cloud, a few times a minute from each source.</summary>
internal sealed class CheckDeviceRequest(RequestSource source, TimeProvider time)
    : IOpenIddictServerHandler<ValidateDeviceAuthorizationRequestContext>
{
    private const int OfSourceMax = 30;

    private readonly GuessLimit asked = new(OfSourceMax, TimeSpan.FromMinutes(1), time);

    public ValueTask HandleAsync(ValidateDeviceAuthorizationRequestContext context)
    {
        if (context.ClientId != SessionClients.CommandLine)
            context.Reject(Errors.InvalidClient, "The client is not known, or may not use this endpoint.");
        else if (!asked.TryBegin(source.Of(CodeClaims.HttpOf(context.Transaction))))
            context.Reject(Errors.TemporarilyUnavailable, "Too many requests from this address. Wait a minute.");
        return default;
    }
}

/// <summary>Keeps the request under a code for people.</summary>
internal sealed class KeepDeviceRequest(DeviceRequests requests, RequestSource source, TimeProvider time)
    : IOpenIddictServerHandler<HandleDeviceAuthorizationRequestContext>
{
    public async ValueTask HandleAsync(HandleDeviceAuthorizationRequestContext context)
    {
        var http = CodeClaims.HttpOf(context.Transaction);
        var grant = SecretText.NewSecret();
        var code = await requests.AddAsync(new DeviceRequest
        {
            Grant = SecretText.HashOf(grant), Client = context.ClientId!, Address = source.AddressOf(http),
            UserAgent = http.Request.Headers.UserAgent.ToString().Shortened(200), CreatedAt = time.GetUtcNow(),
        }, http.RequestAborted);
        if (code is null)
        {
            context.Reject(Errors.TemporarilyUnavailable, "Too many programs wait for a sign-in. Try again in a minute.");
            return;
        }
        var identity = new ClaimsIdentity();
        identity.SetClaim(CodeClaims.UserCode, code);
        identity.SetClaim(CodeClaims.Grant, grant);
        context.SignIn(new ClaimsPrincipal(identity), new Dictionary<string, OpenIddictParameter>(StringComparer.Ordinal)
        {
            ["interval"] = (long)DevicePolls.Interval.TotalSeconds,
        });
    }
}

/// <summary>People answer at a page of ours.</summary>
internal sealed class LeaveToThePage : IOpenIddictServerHandler<ValidateEndUserVerificationRequestContext>
{
    public ValueTask HandleAsync(ValidateEndUserVerificationRequestContext context)
    {
        context.Reject(Errors.InvalidRequest, "The page /device takes the code.");
        return default;
    }
}

/// <summary>Gives a program its session once a person has allowed it, and once only.</summary>
internal sealed class AnswerDevice(DeviceRequests requests, DevicePolls polls, SessionAuthenticator browsers, SessionStore sessions)
    : IOpenIddictServerHandler<HandleTokenRequestContext>
{
    public async ValueTask HandleAsync(HandleTokenRequestContext context)
    {
        if (!context.Request.IsDeviceCodeGrantType()) return;
        var stopped = CodeClaims.HttpOf(context.Transaction).RequestAborted;
        var (code, grant) = (context.Principal?.GetClaim(CodeClaims.UserCode), context.Principal?.GetClaim(CodeClaims.Grant));
        var request = await requests.FindAsync(code, stopped);
        if (request is null || grant is null || request.Grant != SecretText.HashOf(grant))
            context.Reject(Errors.ExpiredToken, "The code has expired, or was used. Ask for another one.");
        else if (request.IsDenied)
        {
            await requests.RemoveAsync(code!, stopped);
            context.Reject(Errors.AccessDenied, "The sign-in was refused in the browser.");
        }
        else if (request.Person is null)
        {
            if (polls.TryPoll(request.Grant)) context.Reject(Errors.AuthorizationPending, "The sign-in has not been allowed yet.");
            else context.Reject(Errors.SlowDown, "Ask less often: wait five seconds longer than before between two requests.");
        }
        else await GiveAsync(context, code!, request, stopped);
    }

    private async ValueTask GiveAsync(HandleTokenRequestContext context, string code, DeviceRequest request, CancellationToken stopped)
    {
        // What was allowed in a session that has ended since, by a new password for one, is allowed no more.
        var allowed = await browsers.FindAsync(SessionKind.Kind.EntityOf(request.Browser!), stopped);
        var person = allowed?.Person;
        var begun = person is null || person.Id != request.Person ? default(Result<IssuedSession>?) : await sessions.BeginAsync(
            person, new SessionSpec
            {
                Person = person.Id, SignedInAt = SessionStore.AuthenticatedAt(allowed!.Session), Organization = request.Organization,
                Client = request.Client, UserAgent = request.UserAgent,
                Address = request.Address, Grant = request.Grant,
            }, CancellationToken.None); // a program that hangs up now would lose what was allowed
        if (begun is not { } made || !made.TryGet(out var session, out var error))
        {
            if (begun?.Error is { Kind: ErrorKind.Unavailable } unavailable) throw unavailable.ToException();
            context.Reject(Errors.InvalidGrant, "The code was used already, or the browser in which it was allowed is signed out.");
            return;
        }
        await requests.RemoveAsync(code, CancellationToken.None);
        polls.Forget(request.Grant);
        var identity = new ClaimsIdentity("strata");
        identity.SetClaim(Claims.Subject, person!.Id);
        var principal = new ClaimsPrincipal(identity);
        principal.SetAccessTokenLifetime(SessionStore.IdleMax);
        context.Transaction.Properties[CodeClaims.Token] = session.Text;
        context.SignIn(principal);
    }
}

using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Strata.Core;
using Strata.Identity.Memberships;
using Strata.Identity.OAuth;
using Strata.Identity.Passwords;
using Strata.Identity.Sessions;
using static OpenIddict.Abstractions.OpenIddictConstants;
using ClientResource = Strata.Core.Resource<Strata.Contracts.ClientSpec, Strata.Contracts.ClientStatus>;

namespace Strata.Identity.Pages;

/// <summary>
/// /api/oauth/authorize: lets a person sign in to a program of an organization that they are a member of (authorization code with PKCE).
/// The library has checked the request before anything is shown.
/// </summary>
internal sealed class AuthorizePages(
    PageEndpoints pages, OAuthClients clients, MembershipStore memberships, SessionStore sessions, TimeProvider time)
{
    private const string Path = "/" + OAuthServer.AuthorizeUri;
    private const string Server = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    /// <summary>
    /// A sign-in that is no older counts as the one that was just asked for: it takes a moment to come from there to here.
    /// </summary>
    private static readonly TimeSpan Arrival = TimeSpan.FromSeconds(30);

    /// <summary>As the other, where the person has read the question and answers.</summary>
    private static readonly TimeSpan Answering = TimeSpan.FromMinutes(2);

    public void Map(IEndpointRouteBuilder routes)
    {
        pages.MapGet(routes, Path, http => ServeAsync(http, null));
        // Programs may send their request as a form too (OpenID Connect Core, 3.1.2.1): then nothing in it is an answer of the person.
        pages.MapAnyPost(routes, Path, ServeAsync);
    }

    private async Task ServeAsync(HttpContext http, PageForm? form)
    {
        if (await OAuthServer.TryServeAsync(http)) return;
        if (http.GetOpenIddictServerResponse() is { Error: not null } wrong)
        {
            // Where the program or its address is wrong nobody is sent there.
            await pages.MessageAsync(http, 400, "This program cannot sign you in", wrong.ErrorDescription ?? wrong.Error);
            return;
        }
        var request = http.GetOpenIddictServerRequest()!;
        var answer = form is { IsOurs: true } ? form.Text("answer") : null;
        if (await clients.FindAsync(request.ClientId, http.RequestAborted) is not var (id, client)) return;
        var signedIn = await pages.Browser.FindAsync(http);
        if (signedIn is null || IsTooOld(request, signedIn, answer is null ? Arrival : Answering))
        {
            if (request.HasPromptValue(PromptValues.None)) await RefuseAsync(http, Errors.LoginRequired, "Nobody is signed in.");
            else AskToSignIn(http, request);
        }
        else if (await memberships.FindAsync(id.Tenant, signedIn.Person, http.RequestAborted) is null)
            await RefuseAsync(http, Errors.AccessDenied, "The person is not a member of the program's organization.");
        else if (!SecondFactor.IsOn(signedIn.Person) && await memberships.RequiresTwoFactorAsync(id.Tenant, http.RequestAborted))
            await pages.MessageAsync(http, 403, "This organization requires two-factor authentication", PageText.SecondFactorNeeded);
        else if (answer == "deny") await RefuseAsync(http, Errors.AccessDenied, "The person has refused.");
        else if (answer == "approve" || await HasAllowedAsync(http, request, client, signedIn)) await AllowAsync(http, request, signedIn);
        else if (request.HasPromptValue(PromptValues.None)) await RefuseAsync(http, Errors.ConsentRequired, "The person has to be asked.");
        else await AskAsync(http, request, id.Tenant, client, signedIn);
    }

    private bool IsTooOld(OpenIddictRequest request, SignedIn signedIn, TimeSpan fresh)
    {
        var age = time.GetUtcNow() - signedIn.Session.CreatedAt;
        return (request.HasPromptValue(PromptValues.Login) && age > fresh)
            || (request.MaxAge is { } max && age > TimeSpan.FromSeconds(Math.Max(max, fresh.TotalSeconds)));
    }

    private static void AskToSignIn(HttpContext http, OpenIddictRequest request)
    {
        var query = string.Join('&', FieldsOf(request).Select(f => $"{f.Name}={Uri.EscapeDataString(f.Value)}"));
        PageRenderer.Redirect(http, "/sign-in?again=1&return=" + Uri.EscapeDataString($"{Path}?{query}"));
    }

    /// <summary>
    /// Whether they have signed in to the program before, and allowed as much. One without a secret, or on the person's own machine, could
    /// be any program that says that it is this one, so the person is asked each time (RFC 8252, 8.6), as by one that wants to act for
    /// them.
    /// </summary>
    private async ValueTask<bool> HasAllowedAsync(HttpContext http, OpenIddictRequest request, ClientResource client, SignedIn signedIn)
    {
        if (request.HasPromptValue(PromptValues.Consent) || client.Spec.Public) return false;
        if (!request.RedirectUri!.StartsWith("https://", StringComparison.Ordinal) || request.HasScope(OAuthScopes.Api)) return false;
        var allowed = await sessions.OfAsync(signedIn.Person, http.RequestAborted);
        return allowed.Any(s => s.Spec.Client == request.ClientId && request.GetScopes().All(s.Spec.Scopes.Contains));
    }

    private static Task AllowAsync(HttpContext http, OpenIddictRequest request, SignedIn signedIn)
    {
        var identity = new ClaimsIdentity("strata");
        identity.SetClaim(Claims.Subject, signedIn.Person.Id).SetClaim(CodeClaims.Grant, SecretText.NewSecret())
            .SetClaim(CodeClaims.Browser, signedIn.Session.Id);
        var principal = new ClaimsPrincipal(identity);
        principal.SetScopes(request.GetScopes());
        return http.SignInAsync(Server, principal);
    }

    private async Task AskAsync(
        HttpContext http, OpenIddictRequest request, TenantId organization, ClientResource client, SignedIn signedIn)
    {
        var joined = await memberships.OfAsync(signedIn.Person, http.RequestAborted);
        var shown = FormTargets.Of(request.RedirectUri!);
        await pages.SendToAsync<ConsentPage>(
            http, shown, ("Program", client.Spec.DisplayName ?? client.Name),
            ("Organization", joined.FirstOrDefault(j => j.Tenant == organization)?.Name ?? organization.ToString()),
            ("SignedInAs", signedIn.Person.Spec.Email), ("Target", shown),
            ("Scopes", (IReadOnlyList<string>)[.. request.GetScopes().Select(OAuthScopes.TextOf).OfType<string>()]),
            ("Fields", FieldsOf(request)));
    }

    private static Task RefuseAsync(HttpContext http, string error, string description) => http.ForbidAsync(
        Server, new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
        }));

    /// <summary>The request, as it can be sent again.</summary>
    private static IReadOnlyList<(string Name, string Value)> FieldsOf(OpenIddictRequest request) =>
        [.. request.GetParameters().Where(p => p.Key != "answer")
            .Select(p => (p.Key, Convert.ToString((string?)p.Value, CultureInfo.InvariantCulture) ?? ""))];
}

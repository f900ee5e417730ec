using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Contracts;
using Strata.Core;
using Strata.Identity.Sessions;
using Strata.Identity.Tokens;
using PersonResource = Strata.Core.Resource<Strata.Contracts.PersonSpec, Strata.Contracts.PersonStatus>;

namespace Strata.Identity.Pages;

/// <summary>
/// What all pages have in common: who is signed in, forms that only ours can send, and errors as pages. But for passkeys they work without
/// scripts.
/// </summary>
internal sealed class PageEndpoints(
    PageRenderer renderer, BrowserSession browser, SessionStore sessions, RequestSource source, FormTargets targets,
    IdentityOptions options)
{
    private const int ReturnLengthMax = 6000;

    public IdentityOptions Options => options;

    public BrowserSession Browser => browser;

    public RequestSource Source => source;

    /// <summary>A page that is only shown.</summary>
    public void MapGet(IEndpointRouteBuilder routes, string pattern, Func<HttpContext, Task> show) =>
        routes.MapPage("GET", pattern, http => GuardAsync(http, () => show(http)));

    /// <summary>A form.</summary>
    public void MapPost(IEndpointRouteBuilder routes, string pattern, Func<HttpContext, PageForm, Task> take) =>
        routes.MapPage("POST", pattern, http => GuardAsync(http, async () =>
        {
            if (await PageForm.ReadAsync(http, options.PublicUrl) is { IsOurs: true } form) await take(http, form);
            else await MessageAsync(http, 400, "That form cannot be taken", "It did not come from a page of this cloud, or not whole. "
                + "Open the page again, and make sure that your browser sends where forms come from (the header Origin).");
        }));

    /// <summary>A form that other sites may send too; the handler looks at <see cref="PageForm.IsOurs"/>.</summary>
    public void MapAnyPost(IEndpointRouteBuilder routes, string pattern, Func<HttpContext, PageForm, Task> take) =>
        routes.MapPage("POST", pattern, http => GuardAsync(http, async () =>
        {
            if (await PageForm.ReadAsync(http, options.PublicUrl) is { } form) await take(http, form);
            else await MessageAsync(http, 400, "That form cannot be taken", "It is too large, or was not sent whole.");
        }));

    /// <summary>A page whose form leads to another site in the end.</summary>
    /// <param name="target">As <see cref="FormTargets"/> has it.</param>
    public Task SendToAsync<TPage>(HttpContext http, string target, params (string Name, object? Value)[] parameters)
        where TPage : Microsoft.AspNetCore.Components.IComponent => renderer.SendAsync<TPage>(http, 200, target, parameters);

    /// <summary>A page with a form that leads on to where the person wanted to go, which may be a program that they sign in to.</summary>
    /// <param name="wanted">A path of this server; the page gets it as Return.</param>
    public async Task SendOnAsync<TPage>(HttpContext http, int status, string wanted, params (string Name, object? Value)[] parameters)
        where TPage : Microsoft.AspNetCore.Components.IComponent => await renderer.SendAsync<TPage>(
            http, status, await targets.BehindAsync(wanted, http.RequestAborted), [.. parameters, ("Return", wanted)]);

    public Task SendAsync<TPage>(HttpContext http, int status, params (string Name, object? Value)[] parameters)
        where TPage : Microsoft.AspNetCore.Components.IComponent => renderer.SendAsync<TPage>(http, status, null, parameters);

    public Task MessageAsync(HttpContext http, int status, string title, string? message, string? command = null) => SendAsync<MessagePage>(
        http, status, ("Title", title), ("Message", message), ("Command", command));

    /// <summary>Sends who is not signed in to the sign-in page, and back here afterwards.</summary>
    public static void AskToSignIn(HttpContext http) => PageRenderer.Redirect(
        http, $"/sign-in?return={Uri.EscapeDataString(http.Request.Path + http.Request.QueryString)}");

    /// <summary>Begins a session in this browser; that which was here before ends.</summary>
    public async Task<Error?> SignInAsync(HttpContext http, PersonResource person)
    {
        var before = await browser.FindAsync(http);
        var begun = await sessions.BeginAsync(person, new SessionSpec
        {
            Person = person.Id, Organization = person.Status.Organizations is [.., var last] ? last : null, Client = SessionClients.Browser,
            UserAgent = http.Request.Headers.UserAgent, Address = source.AddressOf(http),
        }, http.RequestAborted);
        if (!begun.TryGet(out var session, out var error)) return error;
        browser.Keep(http, person, session);
        if (before is not null) await sessions.EndAsync(People.PersonStore.CallerOf(before.Person), before.Session.Id, http.RequestAborted);
        return null;
    }

    /// <summary>A path of this server, whatever was sent: a link must not lead from here to another site.</summary>
    public static string ReturnPath(string? sent) =>
        sent is { Length: > 1 and <= ReturnLengthMax } && sent[0] == '/' && sent[1] is not ('/' or '\\')
            && sent.All(c => c is > ' ' and <= '~' and not '\\') ? sent : "/account";

    private async Task GuardAsync(HttpContext http, Func<Task> serve)
    {
        try
        {
            await serve();
        }
        catch (StrataException e) when (!http.Response.HasStarted)
        {
            await MessageAsync(
                http, ErrorStatus.Of(e.Error.Kind), "This does not work at the moment", $"{e.Error.Message} {e.Error.NextStep}");
        }
    }
}

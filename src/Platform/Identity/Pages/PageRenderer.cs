using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Strata.Identity.Pages;

/// <summary>
/// Sends a page: rendered on the server, kept by no cache, framed by no one, with nothing from elsewhere, and with no script but ours on
/// pages that use passkeys. Safe for concurrent use.
/// </summary>
internal sealed class PageRenderer(IServiceProvider services, ILoggerFactory loggers)
{
    private static readonly string Policy =
        $"default-src 'none'; style-src {PageStyle.Hash}; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

    /// <param name="target">The origin to which its form leads in the end, which the policy has to name; null: this one.</param>
    public async Task SendAsync<TPage>(
        HttpContext http, int status, string? target, IReadOnlyList<(string Name, object? Value)> parameters) where TPage : IComponent
    {
        await using var renderer = new HtmlRenderer(services, loggers);
        var values = parameters.Where(p => p.Value is not null).ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<TPage>(ParameterView.FromDictionary(values))).ToHtmlString());
        var response = http.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        PrivateAnswer(response);
        var scripts = parameters.Any(p => p.Value is PasskeyOffer) ? "script-src 'self'; " : "";
        response.Headers.ContentSecurityPolicy = target is null ? scripts + Policy : $"{scripts}{Policy} {target}";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        var bytes = Encoding.UTF8.GetBytes(html);
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, http.RequestAborted);
    }

    /// <summary>To GET, whatever the request was.</summary>
    public static void Redirect(HttpContext http, string path)
    {
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = path;
        PrivateAnswer(http.Response);
    }

    /// <summary>Other sites do not learn the address either: it may have a secret. Ours do, by which a form is known to be ours.</summary>
    private static void PrivateAnswer(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "same-origin";
    }
}

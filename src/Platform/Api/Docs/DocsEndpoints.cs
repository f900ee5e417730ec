using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.OpenApi;
using Strata.Core;

namespace Strata.Api.Docs;

/// <summary>
/// The reference at /docs, by Scalar, and the page of each error. Open to everyone, as /openapi.json is. Invariant: a page loads nothing
/// from another server, and no other site can frame it.
/// </summary>
internal static class DocsEndpoints
{
    /// <summary>
    /// Scripts, fonts and connections from this server only. Scalar adds its styles to the page while it runs, so inline styles are
    /// allowed; inline scripts are not.
    /// </summary>
    public const string Policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        + "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string Html = "text/html";
    private const string Json = "application/json";

    public static void MapDocs(this IEndpointRouteBuilder routes)
    {
        var assets = DocsAssets.Load();
        routes.MapGet("/docs", (HttpContext http) => Page(http, assets.Index))
            .WithMetadata(Describe("getDocs", "The reference page.") with { Answer = new Content([Html], Schemas.Text()) }).Open();
        routes.MapGet("/docs/assets/{file}", assets.Send)
            .WithMetadata(
                Describe("getDocsAsset", "A script or style sheet of the reference page.") with
                {
                    Answer = new Content(["text/javascript", "text/css"], Schemas.Text()),
                }).Open();
        routes.MapGet(ErrorCatalog.Root, (HttpContext http) => WantsPage(http)
            ? Page(http, ErrorPages.HtmlOfAll()) : Answer.Json(ErrorPages.WriteAll))
            .WithMetadata(Describe("listErrors", "Every error of the API: as JSON, or as a page where Accept asks for text/html.") with
            {
                Answer = Content.Json(Schemas.Members([("items", Schemas.List(Error()))], "items")),
            }).Open();
        routes.MapGet(ErrorCatalog.Root + "/{code}", (HttpContext http, string code) => One(http, code))
            .WithMetadata(
                Describe("getError", "One error of the API, by its code: what it means and what to do.") with
                {
                    Answer = Content.Json(Error()),
                }).Open();
    }

    private static IResult One(HttpContext http, string code)
    {
        if (ErrorCatalog.Find(code) is not { } error)
            return WantsPage(http) ? Page(http, ErrorPages.HtmlOfNone(code.Shortened(80)), StatusCodes.Status404NotFound)
                : NoSuchCode(code).ToResult();
        return WantsPage(http) ? Page(http, ErrorPages.Html(error)) : Answer.Json(json => ErrorPages.Write(json, error));
    }

    private static IResult Page(HttpContext http, string html, int status = StatusCodes.Status200OK)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XFrameOptions = "DENY"; // for browsers that do not know frame-ancestors
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        return Results.Content(html, Html + "; charset=utf-8", statusCode: status);
    }

    /// <summary>Browsers ask for text/html by name, programs do not. The answer depends on it, so a cache must know.</summary>
    public static bool WantsPage(HttpContext http)
    {
        http.Response.Headers.Vary = "Accept";
        return http.Request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals(Html, StringComparison.OrdinalIgnoreCase));
    }

    private static Error NoSuchCode(string code) => new(
        ErrorKind.NotFound, "NOT_FOUND", $"There is no error \"{code.Shortened(80)}\".", $"GET {ErrorCatalog.Root} lists all.");

    private static System.Text.Json.Nodes.JsonObject Error() => Schemas.Members(
        [
            ("code", Schemas.Text()), ("type", Schemas.Text()), ("status", Schemas.Integer(200, 599)), ("section", Schemas.Text()),
            ("meaning", Schemas.Text()), ("action", Schemas.Text()),
        ], "code", "type", "status", "section", "meaning", "action");

    private static Operation Describe(string id, string summary) => new() { Id = id, Summary = summary, Tag = "server" };
}

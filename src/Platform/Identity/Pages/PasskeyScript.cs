using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.OpenApi;

namespace Strata.Identity.Pages;

/// <summary>The one script of the pages, from this program.</summary>
internal static class PasskeyScript
{
    private static readonly Lazy<(byte[] Bytes, string Tag)> Script = new(() =>
    {
        using var stream = typeof(PasskeyScript).Assembly.GetManifestResourceStream("passkey.js")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return (bytes, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}\"");
    });

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPage("GET", PasskeyOffer.ScriptPath, async http =>
    {
        var (bytes, tag) = Script.Value;
        var response = http.Response;
        (response.Headers.CacheControl, response.Headers.ETag, response.Headers.XContentTypeOptions) = ("no-cache", tag, "nosniff");
        if (http.Request.Headers.IfNoneMatch == tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = "text/javascript; charset=utf-8";
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, http.RequestAborted);
    });
}

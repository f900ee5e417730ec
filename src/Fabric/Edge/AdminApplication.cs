using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Strata.Edge;

/// <summary>The edge's health endpoints: <c>/healthz</c> (the process answers), <c>/readyz</c> (it has a table).</summary>
internal sealed class AdminApplication(Func<bool> isReady) : IHttpApplication<IFeatureCollection>
{
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public Task ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        if (request.Method is not ("GET" or "HEAD")) return AnswerAsync(context, 405, "text/plain", "Only GET is answered here.\n");
        return request.Path switch
        {
            "/healthz" => AnswerAsync(context, 200, "text/plain", "ok\n"),
            "/readyz" => isReady() ? AnswerAsync(context, 200, "text/plain", "ready\n")
                : AnswerAsync(context, 503, "text/plain", "no table yet\n"),
            _ => AnswerAsync(context, 404, "text/plain", "There is /healthz and /readyz.\n"),
        };
    }

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    private static async Task AnswerAsync(IFeatureCollection context, int status, string type, string text)
    {
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        var body = Encoding.UTF8.GetBytes(text);
        response.StatusCode = status;
        response.Headers.ContentType = type;
        response.Headers.ContentLength = body.Length;
        if (context.GetRequiredFeature<IHttpRequestFeature>().Method != "HEAD")
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(body);
    }
}

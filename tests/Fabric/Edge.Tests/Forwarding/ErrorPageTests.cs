using System.Net;
using System.Text.Json;
using Strata.Edge.Routing;
using Strata.Edge.Tests.Support;

namespace Strata.Edge.Tests.Forwarding;

public class ErrorPageTests
{
    private static async Task<(HttpResponseMessage Response, string Body)> AskAsync(string accept, string host, params RouteRecord[] routes)
    {
        await using var edge = await TestEdge.StartAsync(new TableSnapshot(routes, []));
        using var client = edge.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{host}/some/path");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var response = await client.SendAsync(request);
        return (response, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8")]
    [InlineData("application/json", "application/problem+json")]
    [InlineData("*/*", "text/plain; charset=utf-8")]
    public async Task UnknownHost_SaysHowToDeployAndNotWhatExists(string accept, string type)
    {
        var (response, body) = await AskAsync(accept, "nobody.localhost", TestEdge.Route("secret.localhost"));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        Assert.Contains("HOST_UNKNOWN", body, StringComparison.Ordinal);
        Assert.Contains("strata deploy", body, StringComparison.Ordinal);
        Assert.Contains(response.Headers.GetValues("X-Request-Id").Single(), body, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", body, StringComparison.Ordinal);
        Assert.DoesNotContain("{{", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownPath_OfAKnownHost_DiffersFromAnUnknownHost()
    {
        var (response, body) = await AskAsync("*/*", "app.localhost", TestEdge.Route(path: "/api"));
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("PATH_UNKNOWN", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoInstance_InHtml_NamesDeploymentMessageAndCommandEscaped()
    {
        var (response, body) = await AskAsync("text/html", "app.localhost", TestEdge.Route(message: "It <b>crashed</b> & burned."));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("The deployment &quot;app&quot;", body, StringComparison.Ordinal);
        Assert.Contains("It &lt;b&gt;crashed&lt;/b&gt; &amp; burned.", body, StringComparison.Ordinal);
        Assert.Contains("<pre>strata logs app</pre>", body, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", body, StringComparison.Ordinal);
        Assert.NotNull(response.Headers.RetryAfter);
    }

    [Fact]
    public async Task NoInstance_InJson_IsAProblem()
    {
        var (_, body) = await AskAsync("application/json", "app.localhost", TestEdge.Route(message: "It builds."));
        var problem = JsonDocument.Parse(body).RootElement;
        Assert.Equal(503, problem.GetProperty("status").GetInt32());
        Assert.Equal("NO_INSTANCE", problem.GetProperty("code").GetString());
        Assert.EndsWith("It builds.", problem.GetProperty("detail").GetString());
        Assert.Equal("strata logs app", problem.GetProperty("command").GetString());
    }
}

using Microsoft.AspNetCore.Http;
using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Commands;

/// <summary>What <c>strata logs</c> and <c>strata scale</c> say of deployments without instances.</summary>
public sealed class EmptyLogTests : IDisposable
{
    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Theory]
    [InlineData(
        "{}", false, "shop has no instance yet, so it has no log. The log of its build: strata --server SERVER logs release/shop-1")]
    [InlineData("""{"static":true}""", false, "shop is a static site: no instance runs that could write a log.")]
    [InlineData("{}", true, "The instances of shop have written nothing yet.")]
    public async Task Logs_WithoutALine_SaysWhyAndWhereToLook(string status, bool instance, string expected)
    {
        await using var api = await StartAsync(status, instance);
        var said = await RunAsync(api, 0, "logs", "shop");
        Assert.Contains(expected.Replace("SERVER", api.Address.ToString(), StringComparison.Ordinal), said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scale_OfAStaticSite_SaysThatThereIsNothingToScale()
    {
        await using var api = await StartAsync("""{"static":true}""", instance: false);
        Assert.Contains("shop is a static site: the edge serves its files itself", await RunAsync(api, 1, "scale", "shop", "3"),
            StringComparison.Ordinal);
        Assert.DoesNotContain(api.Asked, a => a.StartsWith("POST", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{}", "scale", "shop", "3")]
    [InlineData("{}", "restart", "shop")]
    [InlineData("""{"candidate":"x"}""", "restart", "shop")]
    public async Task Rollout_OfADeploymentWithoutARelease_SaysSoAtOnce(string status, params string[] arguments)
    {
        await using var api = await StartAsync(status, instance: false);
        var said = await RunAsync(api, 1, arguments);
        Assert.Contains("shop has no release", said, StringComparison.Ordinal);
        Assert.Contains(status == "{}" ? "deploy --name shop" : "describe shop", said, StringComparison.Ordinal);
        Assert.DoesNotContain(api.Asked, a => a.StartsWith("POST", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("organization", "--org", "strata --server SERVER get organizations")]
    [InlineData("project", "--project", "strata --server SERVER get projects")]
    [InlineData("project", "--org", "strata --server SERVER --org nosuch get projects")]
    public async Task Run_WithAnOptionThatNamesNothing_ProposesTheCommandWithoutIt(string missing, string option, string expected)
    {
        await using var api = await FakeApi.StartAsync();
        api.Respond = (http, _) =>
        {
            http.Response.StatusCode = 404;
            return Task.FromResult($$"""{"code":"NOT_FOUND","detail":"There is no {{missing}} \"nosuch\".","next":"`strata get {{missing}}s` lists those there are."}""");
        };
        var said = await RunAsync(api, 1, "scale", "shop", "3", option, "nosuch");
        Assert.Contains(expected.Replace("SERVER", api.Address.ToString(), StringComparison.Ordinal), said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"static":true}""", "static")]
    [InlineData("""{"readyReplicas":0}""", "0/1")]
    public async Task Get_OfADeployment_ShowsReplicas(string status, string expected)
    {
        await using var api = await StartAsync(status, instance: false);
        Assert.Contains($"RUNNING  {expected}", await RunAsync(api, 0, "get", "deployments"), StringComparison.Ordinal);
    }

    private static async Task<FakeApi> StartAsync(string status, bool instance)
    {
        var api = await FakeApi.StartAsync();
        api.Respond = (http, _) => Task.FromResult(Answer(http, status, instance));
        return api;
    }

    private static string Answer(HttpContext http, string status, bool instance)
    {
        var path = http.Request.Path.Value!;
        if (path == "/api/v1") return """{"kinds":[{"name":"deployment","plural":"deployments","idPrefix":"dep"}]}""";
        if (path.EndsWith("/logs", StringComparison.Ordinal)) return "";
        if (path.EndsWith("/instances", StringComparison.Ordinal)) return $$"""{"items":[{{(instance ? Resource("instance", "shop-x", """{"deployment":"d","release":"r","image":"i","command":[]}""", "{}") : "")}}]}""";
        if (path.EndsWith("/releases", StringComparison.Ordinal)) return $$"""{"items":[{{Resource("release", "shop-1", """{"deployment":"d","source":{}}""", "{}")}}]}""";
        var deployment = Resource("deployment", "shop", "{}", status);
        return path.EndsWith("/deployments", StringComparison.Ordinal) ? $$"""{"items":[{{deployment}}]}""" : deployment;
    }

    private static string Resource(string kind, string name, string spec, string status) =>
        $$"""
        {"id":"x","kind":"{{kind}}","name":"{{name}}","org":"o","project":"default","state":"RUNNING","revision":7,"createdAt":"2026-01-01T00:00:00Z",
         "updatedAt":"2026-01-01T00:00:00Z","updatedBy":"a","labels":{},"spec":{{spec}},"status":{{status}},"deleted":false}
        """;

    private async Task<string> RunAsync(FakeApi api, int expected, params string[] arguments)
    {
        var text = new StringWriter();
        var code = await StrataCommand.RunAsync(
            [.. arguments, "--server", api.Address.ToString(), "--home", home.Path], new Terminal { Out = text, Error = text },
            TestContext.Current.CancellationToken);
        Assert.True(code == expected, text.ToString());
        return text.ToString().Replace($"--home {home.Path} ", "", StringComparison.Ordinal);
    }
}

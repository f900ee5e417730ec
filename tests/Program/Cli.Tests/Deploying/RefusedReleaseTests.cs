using Microsoft.AspNetCore.Http;
using Strata.Cli.Shell;
using Strata.Cli.Tests.Commands;

namespace Strata.Cli.Tests.Deploying;

/// <summary>What becomes of the deployment of a release that the server refuses.</summary>
public sealed class RefusedReleaseTests : IDisposable
{
    private const string Delete = "DELETE /api/v1/deployments/x";

    private readonly TempFolder home = new();

    private string? changed;
    private bool conflicts;
    private bool hasRelease;
    private int refusedDeletes;
    private int looks;
    private bool isRejected;
    private bool isDeleted;

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task Deploy_ThatCreatedTheDeployment_DeletesItInTheRevisionThatItCreated()
    {
        Assert.Equal(["7"], await DeletesAsync());
    }

    [Fact]
    public async Task Deploy_WhoseDeploymentSomeoneElseCreatedMeanwhile_LeavesIt()
    {
        conflicts = true;
        Assert.Equal([], await DeletesAsync());
    }

    [Fact]
    public async Task Deploy_WhoseDeploymentOnlyThePlatformHasWritten_DeletesIt()
    {
        refusedDeletes = 1;
        changed = Deployment(9, "{}", """{"url":"http://shop.localhost","message":"no release"}""");
        Assert.Equal(["7", "9"], await DeletesAsync());
    }

    [Theory]
    [InlineData("""{"run":{"replicas":2}}""", "{}")]
    [InlineData("{}", """{"candidate":"rel_2"}""")]
    public async Task Deploy_WhoseDeploymentSomeoneElseUses_LeavesIt(string spec, string status)
    {
        refusedDeletes = 1;
        changed = Deployment(9, spec, status);
        Assert.Equal(["7"], await DeletesAsync());
    }

    [Fact]
    public async Task Deploy_WhoseDeploymentHasAnotherRelease_LeavesIt()
    {
        hasRelease = true;
        Assert.Equal([], await DeletesAsync());
    }

    [Fact]
    public async Task FirstDeploy_WhoseSourceIsRejected_LeavesNothing_AndSaysSo()
    {
        isRejected = true;
        Assert.Equal(["7"], await DeletesAsync("Nothing of this deploy was kept"));
    }

    [Fact]
    public async Task Deploy_WhoseSourceIsRejected_KeepsADeploymentThatWasThere()
    {
        (isRejected, looks) = (true, 1);
        Assert.Equal([], await DeletesAsync("The whole log: strata logs release/shop-1"));
    }

    /// <returns>The revisions of which the deletion was asked for.</returns>
    private async Task<List<string>> DeletesAsync(string expected = "REFUSED")
    {
        await using var api = await FakeApi.StartAsync();
        api.Respond = (http, _) => Task.FromResult(Answer(http));
        var text = new StringWriter();
        var code = await StrataCommand.RunAsync(
            ["deploy", "https://example.invalid/x.git", "--name", "shop", "--server", api.Address.ToString(), "--home", home.Path],
            new Terminal { Out = text, Error = TextWriter.Synchronized(text) }, TestContext.Current.CancellationToken);
        Assert.True(
            code == 1 && text.ToString().Replace($"--home {home.Path} --server {api.Address} ", "", StringComparison.Ordinal)
                .Replace($"--server {api.Address} --home {home.Path} ", "", StringComparison.Ordinal)
                .Contains(expected, StringComparison.Ordinal), text.ToString());
        return [.. api.Asked.Where(a => a.StartsWith(Delete, StringComparison.Ordinal)).Select(a => a.Split("If-Match")[1].Trim(' ', '"'))];
    }

    private string Answer(HttpContext http)
    {
        var (method, path) = (http.Request.Method, http.Request.Path.Value!);
        return (method, path) switch
        {
            ("GET", "/api/v1/deployments/shop") => looks++ == 0 ? Problem(http, 404, "NOT_FOUND") : Deployment(7),
            ("GET", "/api/v1/deployments/x") => isDeleted ? Problem(http, 404, "NOT_FOUND") : changed ?? Deployment(7),
            ("GET", "/api/v1/releases/x") => Resource("release", "shop-1", 6, Source, """{"message":"The kind of application could not be detected.","sourceRejected":true}""", "FAILED"),
            ("GET", "/api/v1/releases/x/logs") => "",
            ("POST", "/api/v1/releases") when isRejected => Release(),
            ("POST", "/api/v1/deployments") => conflicts ? Problem(http, 409, "ALREADY_EXISTS") : Deployment(7),
            ("DELETE", _) => refusedDeletes-- > 0 ? Problem(http, 412, "MODIFIED") : Deleted(),
            ("POST", "/api/v1/releases") => Problem(http, 422, "REFUSED"),
            ("GET", "/api/v1/releases") => hasRelease ? $$"""{"items":[{{Release()}}]}""" : """{"items":[]}""",
            _ => Resource("project", "default", 1, "{}", "{}"),
        };
    }

    private static string Problem(HttpContext http, int status, string code)
    {
        http.Response.StatusCode = status;
        return $$"""{"status":{{status}},"code":"{{code}}","detail":"It is so."}""";
    }

    private static string Deployment(int revision, string spec = "{}", string status = "{}") =>
        Resource("deployment", "shop", revision, spec, status);

    private const string Source = """{"deployment":"x","source":{"git":{"url":"https://example.invalid/x.git"}}}""";

    private string Deleted()
    {
        isDeleted = true;
        return Deployment(8);
    }

    private static string Release() => Resource("release", "shop-1", 5, Source, "{}");

    private static string Resource(string kind, string name, int revision, string spec, string status, string state = "PENDING") =>
        $$"""
        {"id":"x","kind":"{{kind}}","name":"{{name}}","org":"o","project":"default","state":"{{state}}","revision":{{revision}},"createdAt":"2026-01-01T00:00:00Z",
         "updatedAt":"2026-01-01T00:00:00Z","updatedBy":"a","labels":{},"spec":{{spec}},"status":{{status}},"deleted":false}
        """;
}

using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Strata.Cli.Shell;
using Strata.Cli.Tests.Commands;
using Strata.Cli.Tests.Shell;

namespace Strata.Cli.Tests.Deploying;

/// <summary>What a deploy shows, compared with recorded screens of terminals of several widths, and in a pipe.</summary>
public sealed partial class DeployDisplayTests : IDisposable
{
    private const string Why =
        "\"npm run build\" failed: it failed with exit code 3. Read the end of the build's log, fix the cause and deploy again.";

    private static readonly string[] Log =
    [
        "==> Fetching the source", "==> npm run build", "\t> shop@1.0.0 build",
        "line 1 of the build with quite a bit of text, more than a narrow terminal has columns",
        "see https://docs.example.com/a/very/long/address/that/must/never/be/cut/because/then/it/leads/nowhere", "==> Failed: " + Why,
    ];

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(200)]
    public async Task Deploy_InATerminal_ShowsTheRecordedScreen(int width)
    {
        var screen = new Screen(width);
        var live = new LiveWriter(screen, () => width, TimeProvider.System);
        await DeployAsync(new Terminal
        {
            Out = TextWriter.Null, Error = TextWriter.Synchronized(new SafeWriter(live, keepsColors: true)), Live = live,
            ErrorIsTerminal = true, ErrorWidth = width, Color = true,
        });
        var recorded = Path.Combine(Script.Root, "tests/Program/Cli.Tests/Deploying/screens", $"failed-deploy-{width}.txt");
        var shown = Times().Replace(screen.Text, "0.1s").Replace(home.Path, "/tmp/strata-test-FOLDER", StringComparison.Ordinal) + "\n";
        // STRATA_RECORD=1 writes the screens; look at each before it is committed.
        if (Environment.GetEnvironmentVariable("STRATA_RECORD") == "1")
            await File.WriteAllTextAsync(recorded, shown, TestContext.Current.CancellationToken);
        Assert.Equal(await File.ReadAllTextAsync(recorded, TestContext.Current.CancellationToken), shown);
    }

    [Fact]
    public async Task Deploy_InAPipe_SaysEverythingOnce()
    {
        var text = new StringWriter();
        await DeployAsync(new Terminal { Out = TextWriter.Null, Error = TextWriter.Synchronized(text) });
        foreach (var said in (string[])[Why, "Building shop-1…", "line 1 of the build"])
            Assert.Equal(2, text.ToString().Split(said).Length);
        Assert.DoesNotContain('\e', text.ToString());
        Assert.DoesNotContain('\r', text.ToString());
    }

    private async Task DeployAsync(Terminal terminal)
    {
        await using var api = await FakeApi.StartAsync();
        api.Respond = AnswerAsync;
        home.Write("context.json", $$"""{"server":"{{api.Address}}","token":"x"}""");
        Assert.Equal(
            1, await StrataCommand.RunAsync(["deploy", "https://example.invalid/x.git", "--name", "shop", "--home", home.Path], terminal,
                TestContext.Current.CancellationToken));
    }

    private static async Task<string> AnswerAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var path = http.Request.Path.Value!;
        if (path.EndsWith("/logs", StringComparison.Ordinal))
        {
            foreach (var line in Log)
            {
                var text = System.Text.Json.JsonEncodedText.Encode(line);
                await http.Response.WriteAsync($$"""{"position":1,"at":"2026-01-01T00:00:00Z","source":"shop-1","text":"{{text}}"}""" + "\n", cancellationToken);
                await http.Response.Body.FlushAsync(cancellationToken);
            }
            return "";
        }
        if (path.EndsWith("/releases", StringComparison.Ordinal) && http.Request.Method == "GET") return """{"items":[]}""";
        var message = System.Text.Json.JsonEncodedText.Encode(Why);
        return path.Contains("/releases", StringComparison.Ordinal)
            ? Resource("release", "shop-1", "FAILED", """{"deployment":"x","source":{"git":{"url":"https://example.invalid/x.git"}}}""", $$"""{"message":"{{message}}"}""")
            : Resource("deployment", "shop", "PENDING", "{}", "{}");
    }

    private static string Resource(string kind, string name, string state, string spec, string status) =>
        $$"""
        {"id":"x","kind":"{{kind}}","name":"{{name}}","org":"o","project":"default","state":"{{state}}","revision":7,"createdAt":"2026-01-01T00:00:00Z",
         "updatedAt":"2026-01-01T00:00:00Z","updatedBy":"a","labels":{},"spec":{{spec}},"status":{{status}},"deleted":false}
        """;

    [GeneratedRegex(@"\b\d+(\.\d)?s\b", RegexOptions.CultureInvariant)]
    private static partial Regex Times();
}

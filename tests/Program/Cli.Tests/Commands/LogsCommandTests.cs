using Microsoft.AspNetCore.Http;
using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Commands;

/// <summary><c>strata logs</c>: times, bounds, marks of what was dropped, and one JSON object for each line.</summary>
public sealed class LogsCommandTests : IDisposable
{
    private static readonly (int Position, string At, string Source, string Text)[] Lines =
    [
        (3, "2026-01-01T10:00:00Z", "shop-a", "first"), (3, "2026-01-01T10:00:00Z", "shop-a", "second"),
        (1, "2026-01-01T10:00:01.5Z", "shop-b", "third"), (6, "2026-01-01T10:00:02Z", "shop-a", "fourth"),
    ];

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task Logs_WhereLinesWereDropped_MarksThem() => Assert.Equal(
        """
        shop-a | … older lines were dropped: a log keeps its last 4 MiB.
        shop-a | first
        shop-a | second
        shop-b | third
        shop-a | … lines were dropped here: they came faster than they were read.
        shop-a | fourth

        """, await RunAsync("logs", "shop"));

    [Theory]
    [InlineData("shop-a | … lines were dropped here: they came faster than they were read.\nshop-a | fourth\n", "-n", "4")]
    [InlineData("shop-b | third\n", "--since", "2026-01-01T10:00:01Z")]
    public async Task Logs_WithABound_MarksNoBeginning(string expected, params string[] options)
    {
        var shown = await RunAsync(["logs", "shop", .. options]);
        Assert.DoesNotContain("older lines", shown, StringComparison.Ordinal);
        Assert.Contains(expected, shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_Since_ShowsLaterLinesOnly() =>
        Assert.DoesNotContain("second", await RunAsync("logs", "shop", "--since", "2026-01-01T10:00:01Z"), StringComparison.Ordinal);

    [Fact]
    public async Task Logs_WithTimes_HaveOneNumberOfDigits()
    {
        var shown = await RunAsync("logs", "shop", "-t");
        Assert.Contains("2026-01-01T10:00:00.000Z shop-a | first\n", shown, StringComparison.Ordinal);
        Assert.Contains("2026-01-01T10:00:01.500Z shop-b | third\n", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_AsJson_AreOneObjectALine()
    {
        var shown = await RunAsync("logs", "shop", "-o", "json");
        Assert.Equal(
            4, shown.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Count(l => l.StartsWith("{\"position\":", StringComparison.Ordinal) && l.EndsWith('}')));
    }

    [Theory]
    [InlineData("tail=10", "logs", "shop", "-f")]
    [InlineData("tail=0", "logs", "shop", "-f", "-n", "0")]
    [InlineData("follow=true", "logs", "release/shop-1", "-f")]
    public async Task Logs_Followed_BeginWithTheLastLines(string expected, params string[] arguments)
    {
        var asked = new List<string>();
        await RunAsync(arguments, asked);
        var call = Assert.Single(asked, a => a.Contains("/logs", StringComparison.Ordinal));
        Assert.EndsWith(expected, call, StringComparison.Ordinal);
    }

    private Task<string> RunAsync(params string[] arguments) => RunAsync(arguments, null);

    private async Task<string> RunAsync(string[] arguments, List<string>? asked)
    {
        await using var api = await FakeApi.StartAsync();
        api.Respond = (http, _) => Task.FromResult(Answer(http));
        home.Write("context.json", $$"""{"server":"{{api.Address}}","token":"x"}""");
        var (text, error) = (new StringWriter(), new StringWriter());
        var code = await StrataCommand.RunAsync(
            [.. arguments, "--home", home.Path], new Terminal { Out = text, Error = error }, TestContext.Current.CancellationToken);
        Assert.True(code == 0, error.ToString());
        asked?.AddRange(api.Asked);
        return text.ToString();
    }

    private static string Answer(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        if (path == "/api/v1") return """{"kinds":[{"name":"deployment","plural":"deployments","idPrefix":"dep"},{"name":"release","plural":"releases","idPrefix":"rel"}]}""";
        if (path.EndsWith("/logs", StringComparison.Ordinal))
            return string.Concat(Lines.Select(l => $$"""{"position":{{l.Position}},"at":"{{l.At}}","source":"{{l.Source}}","text":"{{l.Text}}"}""" + "\n"));
        return path.EndsWith("/instances", StringComparison.Ordinal) ? $$"""{"items":[{{Resource("instance", """{"deployment":"d","release":"r","image":"i","command":[]}""")}}]}""" : Resource("deployment", "{}");
    }

    private static string Resource(string kind, string spec) =>
        $$"""
        {"id":"x","kind":"{{kind}}","name":"shop","org":"o","project":"default","state":"RUNNING","revision":7,"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z",
         "updatedBy":"a","labels":{},"spec":{{spec}},"status":{},"deleted":false}
        """;
}

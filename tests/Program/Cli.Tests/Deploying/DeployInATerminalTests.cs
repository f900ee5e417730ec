using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Strata.Cli.Tests.Commands;
using Strata.Cli.Tests.Shell;

namespace Strata.Cli.Tests.Deploying;

/// <summary>The real program in a pseudo-terminal, which <c>script</c> makes.</summary>
public sealed class DeployInATerminalTests : IDisposable
{
    private const string Resource = """
        {"id":"x","kind":"KIND","name":"NAME","org":"o","project":"default","state":"BUILDING","revision":7,"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z",
         "updatedBy":"a","labels":{},"spec":SPEC,"status":{},"deleted":false}
        """;

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Theory]
    [InlineData(60)]
    [InlineData(200)]
    public async Task Deploy_StoppedByCtrlC_Exits130AndSaysWhatContinues(int columns)
    {
        await using var api = await FakeApi.StartAsync();
        var built = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        api.Respond = async (http, cancellationToken) =>
        {
            var path = http.Request.Path.Value!;
            if (path.EndsWith("/logs", StringComparison.Ordinal)) await BuildAsync(http, built, cancellationToken);
            if (path.EndsWith("/releases", StringComparison.Ordinal) && http.Request.Method == "GET") return """{"items":[]}""";
            return path.Contains("/releases", StringComparison.Ordinal)
                ? Resource.Replace("KIND", "release").Replace("NAME", "shop-1").Replace("SPEC", """{"deployment":"x","source":{"git":{"url":"https://example.invalid/x.git"}}}""")
                : Resource.Replace("KIND", "deployment").Replace("NAME", "shop").Replace("SPEC", "{}");
        };
        home.Write("context.json", $$"""{"server":"{{api.Address}}","token":"x"}""");
        // Programs that a shell starts in the background, as tests may be, inherit that Ctrl-C is ignored.
        var strata = $"exec env --default-signal=INT {Path.Combine(AppContext.BaseDirectory, "strata")}";
        var command = $"stty cols {columns} rows 40; {strata} deploy https://example.invalid/x.git --name shop";
        var start = new ProcessStartInfo("script", ["-qefc", command, "/dev/null"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        (start.Environment["STRATA_HOME"], start.Environment["TERM"], start.Environment["NO_COLOR"]) = (home.Path, "xterm", "1");
        foreach (var name in (string[])["STRATA_URL", "STRATA_TOKEN"]) start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await Task.WhenAny(built.Task, output);
        await process.StandardInput.WriteAsync('\u0003');
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        var screen = new Screen(columns);
        screen.Write((await output.WaitAsync(TimeSpan.FromSeconds(90), TestContext.Current.CancellationToken))
            .Replace("\r\n", "\n", StringComparison.Ordinal));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 130, screen.Text);
        Assert.Contains("  │ line 1\n  │ line 2\n  │ line 3\n", screen.Text, StringComparison.Ordinal);
        Assert.Equal(0, screen.Wrapped);
        var said = string.Join(' ', screen.Text.Split((char[])['\n', ' '], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("Stopped waiting. The deploy of shop-1 continues. Follow it with: strata logs release/shop-1 -f", said,
            StringComparison.Ordinal);
        Assert.Contains("Cancel it with: strata cancel release/shop-1.", said, StringComparison.Ordinal);
    }

    private static async Task BuildAsync(HttpContext http, TaskCompletionSource built, CancellationToken cancellationToken)
    {
        for (var i = 1; i <= 3; i++)
        {
            await http.Response.WriteAsync($$"""{"position":{{i}},"at":"2026-01-01T00:00:00Z","source":"shop-1","text":"line {{i}}"}""" + "\n", cancellationToken);
            await http.Response.Body.FlushAsync(cancellationToken);
            await Task.Delay(TimeSpan.FromMilliseconds(300), cancellationToken);
        }
        built.TrySetResult();
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}

using Strata.Cli.Shell;
using Strata.Cli.Tests.Commands;

namespace Strata.Cli.Tests.Deploying;

/// <summary>A command that waits for work and is cut off says that the work goes on, and what to do.</summary>
public sealed class CutOffTests : IDisposable
{
    private const string Resource = """
        {"id":"x","kind":"KIND","name":"NAME","org":"o","project":"default","state":"QUEUED","revision":7,"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z",
         "updatedBy":"a","labels":{},"spec":SPEC,"status":{},"deleted":false}
        """;

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Deploy_ThatIsCutOffWhileItWaits_SaysThatTheReleaseGoesOn(bool byUser)
    {
        await using var api = await FakeApi.StartAsync();
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var waits = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        api.Respond = async (http, cancellationToken) =>
        {
            var path = http.Request.Path.Value!;
            if (path.Contains("/log", StringComparison.Ordinal))
            {
                waits.TrySetResult();
                if (byUser) await Task.Delay(Timeout.Infinite, cancellationToken);
                http.Abort();
                return "";
            }
            if (waits.Task.IsCompleted && !byUser) http.Abort();
            if (path.EndsWith("/releases", StringComparison.Ordinal) && http.Request.Method == "GET") return """{"items":[]}""";
            return path.Contains("/releases", StringComparison.Ordinal)
                ? Resource.Replace("KIND", "release").Replace("NAME", "shop-1").Replace("SPEC", """{"deployment":"x","source":{"git":{"url":"https://example.invalid/x.git"}}}""")
                : Resource.Replace("KIND", "deployment").Replace("NAME", "shop").Replace("SPEC", "{}");
        };
        var text = new StringWriter();
        var deploy = StrataCommand.RunAsync(
            ["deploy", "https://example.invalid/x.git", "--name", "shop", "--server", api.Address.ToString(), "--home", home.Path],
            new Terminal { Out = text, Error = TextWriter.Synchronized(text) }, interrupt.Token);
        await Task.WhenAny(waits.Task, deploy);
        if (byUser) await interrupt.CancelAsync();
        Assert.True(await deploy == (byUser ? 130 : 1), text.ToString());
        var said = text.ToString().Replace($"strata --home {home.Path} --server {api.Address} ", "strata ", StringComparison.Ordinal);
        foreach (var part in (string[])["The deploy of shop-1 continues.", "strata logs release/shop-1 -f", "strata describe shop",
            "strata cancel release/shop-1"])
            Assert.Contains(part, said, StringComparison.Ordinal);
    }

    /// <summary>A server that restarts is waited for; one that stays away is not waited for in silence for minutes.</summary>
    [Fact]
    public async Task Scale_WhoseServerGoesAway_SaysSo_AndEndsAfterAMinute()
    {
        await using var api = await FakeApi.StartAsync();
        var watches = 0;
        api.Respond = (http, _) =>
        {
            if (http.Request.Query.ContainsKey("watch"))
            {
                Interlocked.Increment(ref watches);
                http.Abort();
            }
            return Task.FromResult(
                Resource.Replace("KIND", "deployment").Replace("NAME", "shop").Replace("SPEC", """{"release":"rel_1"}"""));
        };
        var text = new StringWriter();
        var time = new FakeTime();
        var scale = StrataCommand.RunAsync(
            ["scale", "shop", "2", "--server", api.Address.ToString(), "--home", home.Path],
            new Terminal { Out = text, Error = TextWriter.Synchronized(text), Time = time }, TestContext.Current.CancellationToken);
        await Wait.UntilAsync(() => Volatile.Read(ref watches) > 1 || scale.IsCompleted, "the watch is tried again");
        Assert.False(scale.IsCompleted, text.ToString());
        await Wait.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(10));
            return scale.IsCompleted;
        }, "the command ends");
        Assert.Equal(1, await scale);
        Assert.Contains("The server has been away for 60 seconds. The rollout of shop continues once it is back.", text.ToString(),
            StringComparison.Ordinal);
    }
}

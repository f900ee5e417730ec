using System.CommandLine;
using System.Diagnostics;
using Strata.Cli.Cloud;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Tests.Cloud;

/// <summary>
/// What <c>strata up</c> does with a server that does not answer. The server here is a shell that holds the lock of the data folder, and
/// the clock runs as fast as somebody waits for it.
/// </summary>
public sealed class RepairTests : IDisposable
{
    private const int Killed = 128 + 9;

    private readonly TempFolder folder = new();
    private readonly StringWriter said = new();
    private Process? server;

    private HomeLayout Home => new(folder.Path);

    public void Dispose()
    {
        server?.Kill(entireProcessTree: true);
        server?.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task Try_WhereTheServerHangs_KillsIt()
    {
        await HoldAsync("trap '' USR1");
        Assert.Null(await TryAsync(new HurriedTime()));
        await server!.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Killed, server.ExitCode);
        Assert.Contains("its server does not answer", said.ToString(), StringComparison.Ordinal);
        Assert.Contains("replacing its server", said.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The clock stops half a minute after the server is asked to leave: nothing is killed before a minute.</summary>
    [Fact]
    public async Task Try_WhereTheServerLeavesWhenAsked_KillsNothing()
    {
        await HoldAsync("trap 'exit 0' USR1");
        Assert.Null(await TryAsync(new HurriedTime { Limit = TimeSpan.FromSeconds(60) }));
        await server!.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, server.ExitCode);
    }

    [Fact]
    public async Task Try_WhereTheServerIsStarting_LeavesItAlone()
    {
        await HoldAsync("trap '' USR1", ready: false);
        var refused = await Assert.ThrowsAsync<StrataException>(() => TryAsync(new HurriedTime()));
        Assert.Equal("DATA_FOLDER_IN_USE", refused.Error.Code);
        Assert.False(server!.HasExited);
    }

    private async Task<RunningCloud?> TryAsync(TimeProvider time)
    {
        using var run = new Run(new RootCommand().Parse([]), new Terminal { Out = TextWriter.Null, Error = said, Time = time });
        return await Repair.TryAsync(run, Home, TestContext.Current.CancellationToken);
    }

    /// <summary>A process that holds the lock, and that the folder names as its server.</summary>
    private async Task HoldAsync(string trap, bool ready = true)
    {
        Home.Create();
        var script = $"exec 9> '{Home.LockFile}'; flock 9; {trap}; echo holds; while :; do sleep 0.05 9>&-; done";
        server = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true })!;
        Assert.Equal("holds", await server.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        var cloud = new RunningCloud(
            server.Id, "1", new Uri("http://127.0.0.1:1"), new Uri("http://127.0.0.1:2"), TimeProvider.System.GetUtcNow(), ready);
        folder.Write("run/strata.json", JsonText.From(cloud, WireJson.Of<RunningCloud>()).ToString());
    }

    /// <summary>A clock that goes on by what somebody waits for, at once, until it has reached its limit.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
        private TimeSpan passed;

        public TimeSpan Limit { get; init; } = TimeSpan.FromHours(1);

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + passed;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.Zero && passed + dueTime < Limit) passed += dueTime;
            return System.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : Moment, Timeout.InfiniteTimeSpan);
        }
    }
}

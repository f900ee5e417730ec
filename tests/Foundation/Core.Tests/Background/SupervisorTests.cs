using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Strata.Core.Background;

namespace Strata.Core.Tests.Background;

public class SupervisorTests
{
    private readonly Supervisor supervisor = new(TimeProvider.System, NullLogger<Supervisor>.Instance);

    private WorkHealth Health => Assert.Single(supervisor.Report());

    [Fact]
    public async Task Start_WorkThatThrows_IsRestartedAndReportedAsFailing()
    {
        var runs = 0;
        await using var work = supervisor.Start("reads", _ => ++runs > 0 ? throw new FormatException("a null layer") : Task.CompletedTask);
        await Wait.UntilAsync(() => Health.Restarts >= 2, "it was restarted twice");
        Assert.Equal(WorkState.Failing, Health.State);
        Assert.Equal("an unexpected error; the server's log has the details", Health.LastError);
        Assert.NotNull(Health.LastErrorAt);
    }

    [Fact]
    public async Task Start_WorkThatThrowsWhileTheLogCannotBeWritten_IsRestarted()
    {
        var logged = new Supervisor(TimeProvider.System, new FullLog());
        await using var work = logged.Start("writes", _ => throw new IOException("full"));
        await Wait.UntilAsync(() => Assert.Single(logged.Report()).Restarts >= 2, "it was restarted twice");
    }

    [Fact]
    public async Task Start_WorkThatReturns_IsRestarted()
    {
        await using var work = supervisor.Start("ends", _ => Task.CompletedTask);
        await Wait.UntilAsync(() => Health.Restarts >= 1, "it was restarted");
        Assert.Contains("without being asked", Health.LastError);
    }

    [Fact]
    public async Task Start_WorkCancelledByItself_IsRestarted()
    {
        await using var work = supervisor.Start("cancels", _ => throw new OperationCanceledException());
        await Wait.UntilAsync(() => Health.Restarts >= 1, "it was restarted");
    }

    [Fact]
    public async Task Succeeded_AfterAFailure_IsRunningAgainAndKeepsTheLastError()
    {
        var runs = 0;
        await using var work = supervisor.Start("recovers", async (self, stop) =>
        {
            if (++runs == 1) throw new IOException("full");
            self.Succeeded();
            await Task.Delay(Timeout.Infinite, stop);
        });
        await Wait.UntilAsync(() => Health is { Restarts: 1, State: WorkState.Running }, "it recovered");
        Assert.Equal("full", Health.LastError);
        Assert.Equal(0, Health.Failing);
    }

    [Fact]
    public async Task StopAsync_RunningWork_EndsItAndForgetsIt()
    {
        var work = supervisor.Start("waits", stop => Task.Delay(Timeout.Infinite, stop));
        await work.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(work.Completion.IsCompletedSuccessfully);
        Assert.Empty(supervisor.Report());
    }

    [Fact]
    public async Task AtEnd_OfWorkStoppedBeforeItsFirstRun_IsCalledOnce()
    {
        for (var i = 0; i < 200; i++) // some of them are stopped before a thread takes them
        {
            var (runs, ends) = (0, 0);
            var work = supervisor.Start(
                "queue", async (_, stop) => { runs++; await Task.Delay(Timeout.Infinite, stop); }, atEnd: () => ends++);
            await work.StopAsync(TestContext.Current.CancellationToken);
            Assert.Equal(1, ends);
            Assert.InRange(runs, 0, 1);
        }
    }

    [Fact]
    public async Task AtEnd_OfWorkThatWaitsForItsRestart_IsCalledOnceAfterTheStop()
    {
        var ends = 0;
        var work = supervisor.Start("queue", (_, _) => throw new IOException("full"), atEnd: () => ends++);
        await Wait.UntilAsync(() => Health.Failing == 1, "it failed");
        Assert.Equal(0, ends);
        await work.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, ends);
    }

    [Fact]
    public async Task Report_TwoOfOneName_AreOneLineThatCountsThem()
    {
        await using var well = supervisor.Start("webhook", stop => Task.Delay(Timeout.Infinite, stop));
        await using var ill = supervisor.Start("webhook", _ => throw new IOException("gone"));
        await Wait.UntilAsync(() => Health.Failing == 1, "one fails");
        Assert.Equal((2, WorkState.Failing, "gone"), (Health.Count, Health.State, Health.LastError));
    }

    [Fact]
    public async Task StartUntilDone_WorkThatReturnsAfterAFailure_IsForgotten()
    {
        var runs = 0;
        var work = supervisor.StartUntilDone("once", (_, _) => ++runs == 1 ? throw new IOException("not yet") : Task.CompletedTask);
        await work.Completion.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(2, runs);
        Assert.Empty(supervisor.Report());
    }

    [Fact]
    public async Task RunAsync_OneOfTwoThrows_TheOtherRunsOnAndTheFailureShows()
    {
        using var stop = new CancellationTokenSource();
        var running = supervisor.RunAsync(
            stop.Token, ("well", (_, s) => Task.Delay(Timeout.Infinite, s)), ("ill", (_, _) => throw new IOException("gone")));
        await Wait.UntilAsync(() => supervisor.Report().Any(h => h is { Name: "ill", State: WorkState.Failing }), "the failure shows");
        Assert.Contains(supervisor.Report(), h => h is { Name: "well", State: WorkState.Running });
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(supervisor.Report());
    }

    [Theory, InlineData(1, 200), InlineData(2, 400), InlineData(5, 3200), InlineData(9, 15_000), InlineData(1000, 15_000)]
    public void PauseAfter_Failures_GrowsToItsBound(int failures, double milliseconds) =>
        Assert.Equal(milliseconds, Supervisor.PauseAfter(failures, 0.5).TotalMilliseconds, 1e-6);

    private sealed class FullLog : ILogger<Supervisor>
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new AggregateException(new IOException("No space left on device"));
    }
}

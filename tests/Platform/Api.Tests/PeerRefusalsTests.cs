using Microsoft.Extensions.Logging;
using Strata.Api.Peers;
using Strata.Resources.Servers;

namespace Strata.Api.Tests;

public sealed class PeerRefusalsTests : ILogger
{
    private static readonly PeerServer Second = new("second", "server-2", new Uri("http://127.0.0.1:1"));

    private readonly List<string> lines = [];

    [Fact]
    public void Refusals_AreLogged_OnceAMinuteForEachServerAndCode_WithANextStep()
    {
        var time = new FakeTime();
        var refusals = new PeerRefusals(this, time);
        for (var i = 0; i < 100; i++) refusals.Report(Second, "UNAUTHORIZED");
        Assert.Contains("clocks", Assert.Single(lines), StringComparison.Ordinal);
        Assert.Contains("server-2", lines[0], StringComparison.Ordinal);
        refusals.Report(Second, "PEER_BUSY");
        refusals.Report(Second with { ServerId = "third" }, "UNAUTHORIZED");
        Assert.Equal(3, lines.Count);
        time.Advance(TimeSpan.FromSeconds(61));
        for (var i = 0; i < 100; i++) refusals.Report(Second, "UNAUTHORIZED");
        Assert.Equal(4, lines.Count);
    }

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    void ILogger.Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Assert.Equal(LogLevel.Warning, logLevel);
        lines.Add(formatter(state, exception));
    }
}

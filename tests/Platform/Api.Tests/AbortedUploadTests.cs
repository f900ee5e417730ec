using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Api.Tests.Hosting;

namespace Strata.Api.Tests;

/// <summary>A client that leaves in the middle of its body is no failure of the server: a tenant could fill the log with them.</summary>
public sealed class AbortedUploadTests : IAsyncLifetime
{
    private readonly Lines lines = new();
    private ApiHost host = null!;

    public async ValueTask InitializeAsync() =>
        host = await ApiHost.StartAsync(services: s => s.AddLogging(l => l.AddProvider(lines).SetMinimumLevel(LogLevel.Warning)));

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        lines.Dispose();
    }

    [Fact]
    public async Task ClientThatLeavesInTheMiddleOfItsBody_WritesNothingInTheLog()
    {
        for (var i = 0; i < 20; i++) await AbortAsync();
        using var http = host.Client();
        Assert.True((await http.GetAsync("/api/v1/widgets")).IsSuccessStatusCode);
        await host.KillAsync(); // no request is in work any more
        Assert.Empty(lines.Written);
    }

    private async Task AbortAsync()
    {
        using var client = new TcpClient { LingerState = new LingerOption(true, 0) }; // closing it resets the connection
        await client.ConnectAsync(host.Address.Host, host.Address.Port);
        var head = $"POST /api/v1/widgets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {host.AdminToken}\r\n"
            + "Content-Type: application/json\r\nContent-Length: 900000\r\n\r\n{\"name\": \"";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head + new string('x', 3000)));
        await Wait.UntilAsync(() => host.Used("requests") > 0 || client.Available > 0, "the server reads the body");
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Written { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Written.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}

using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Strata.Server.Logging;

/// <summary>
/// The program's own log: everything from information up in a file, warnings and errors also on standard error, where someone may be watching.
/// </summary>
public sealed class ServerLogs(string path, TextWriter? console, TimeProvider time) : ILoggerProvider
{
    private readonly LogFile file = new(path);

    /// <summary>Strata's own from information up, the framework's from warnings up.</summary>
    public static ILoggerFactory CreateFactory(string path, TextWriter? console, TimeProvider time) => LoggerFactory.Create(logging =>
    {
        logging.AddProvider(new ServerLogs(path, console, time));
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Npgsql", LogLevel.Warning);
    });

    public ILogger CreateLogger(string categoryName) => new Log(this, categoryName);

    // The factory disposes synchronously; the writer only has to empty a bounded queue.
    public void Dispose() => file.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private void Write(LogLevel level, string category, string message, Exception? exception)
    {
        var name = category[(category.LastIndexOf('.') + 1)..];
        var at = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        file.Add($"{at} {Short(level)} {name}: {message}{(exception is null ? "" : "\n" + exception)}");
        if (level >= LogLevel.Warning) Show($"{Short(level)} {name}: {message}{(exception is null ? "" : " " + exception.Message)}");
    }

    /// <summary>Standard error may be a file on a full disk, or a terminal that is gone: whoever logs must not fail for that.</summary>
    private void Show(string line)
    {
        try
        {
            console?.WriteLine(line);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The log's own file has the line, or counts it as lost.
        }
    }

    private static string Short(LogLevel level) => level switch
    {
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        LogLevel.Critical => "fatal",
        _ => "debug",
    };

    private sealed class Log(ServerLogs logs, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and < LogLevel.None;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) logs.Write(logLevel, category, formatter(state, exception), exception);
        }
    }
}

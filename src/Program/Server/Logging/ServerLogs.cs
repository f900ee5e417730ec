using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Server.Logging;

/// <summary>
/// The program's own log: everything from information up in a file, warnings and errors also on standard error, where someone may be
/// watching or a collector reads. Each line carries its level, and in JSON what it is about: trace, organization, resource.
/// </summary>
public sealed class ServerLogs(string path, TextWriter? console, LogFormat format, TimeProvider time) : ILoggerProvider
{
    private readonly LogFile file = new(path);
    private readonly OutputFileBound output = new(Path.GetDirectoryName(Path.GetFullPath(path))!);
    private readonly AsyncLocal<SubjectScope?> scope = new();

    /// <summary>Strata's own from information up, the framework's from warnings up.</summary>
    public static ILoggerFactory CreateFactory(string path, TextWriter? console, LogFormat format, TimeProvider time) =>
        LoggerFactory.Create(logging =>
    {
        // disposed with the factory, so that no line is lost
        logging.Services.AddSingleton<ILoggerProvider>(_ => new ServerLogs(path, console, format, time));
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Npgsql", LogLevel.Warning);
        logging.AddFilter("OpenIddict", LogLevel.Warning);
        logging.AddFilter("OpenTelemetry", LogLevel.Warning);
    });

    public ILogger CreateLogger(string categoryName) => new Log(this, categoryName);

    // The factory disposes synchronously; the writer only has to empty a bounded queue.
    public void Dispose() => file.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private void Write(LogLine line)
    {
        var json = format == LogFormat.Json ? line.ToJson() : null;
        file.Add(json ?? line.ToText());
        if (line.Level >= LogLevel.Warning) Show(json ?? line.ToShortText());
    }

    /// <summary>Standard error may be a file on a full disk, or a terminal that is gone: logging must not fail because of that.</summary>
    private void Show(string line)
    {
        try
        {
            console?.WriteLine(line);
            if (console is not null) output.Wrote(line.Length + 1);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            // The log's own file has the line, or counts it as lost.
        }
    }

    private sealed class Log(ServerLogs logs, string category) : ILogger
    {
        /// <summary>
        /// Only of subjects: the framework opens a scope for each request, which would cost each of them and say nothing here.
        /// </summary>
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => state is LogSubject subject ? new SubjectScope(logs, subject) : null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and < LogLevel.None;

        void ILogger.Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            logs.Write(new LogLine(
                logs.Now, logLevel, category, formatter(state, exception), exception, state as IReadOnlyList<KeyValuePair<string, object?>>,
                logs.scope.Value?.Subject, Activity.Current?.Context ?? default));
        }
    }

    private DateTimeOffset Now => time.GetUtcNow();

    /// <summary>What is logged in this flow of control is about the subject, until it is disposed.</summary>
    private sealed class SubjectScope : IDisposable
    {
        private readonly ServerLogs logs;
        private readonly SubjectScope? outer;

        public SubjectScope(ServerLogs logs, LogSubject subject)
        {
            (this.logs, Subject, outer) = (logs, subject, logs.scope.Value);
            logs.scope.Value = this;
        }

        public LogSubject Subject { get; }

        public void Dispose() => logs.scope.Value = outer;
    }
}

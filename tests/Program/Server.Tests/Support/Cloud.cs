using System.Diagnostics;
using System.Text.Json;
using Strata.Client;
using Strata.Core;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Server.Tests.Support;

/// <summary>What a command of the program wrote and how it ended.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public CommandResult ShouldSucceed()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Error}\n{Output}");
        return this;
    }

    public JsonElement Json => JsonElement.Parse(Output);
}

/// <summary>
/// A real cloud: the program as a process with a data folder and ports of its own. Everything is stopped and deleted at the end.
/// </summary>
public class Cloud : IAsyncDisposable
{
    private static readonly TimeSpan CommandPatience = TimeSpan.FromMinutes(4);

    private static readonly IReadOnlyDictionary<string, string> NoVariables = new Dictionary<string, string>();

    private StrataClient? client;

    public Cloud()
    {
        Home = Directory.CreateTempSubdirectory("strata-e2e-").FullName;
        (ApiPort, HttpPort, HttpsPort) = (FreePort.Next(), FreePort.Next(), FreePort.Next());
    }

    /// <summary>The built program; STRATA_PROGRAM names another.</summary>
    public static string Program { get; } = Environment.GetEnvironmentVariable("STRATA_PROGRAM") is { Length: > 0 } path
        ? path : Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../Cli/debug/strata"));

    /// <summary>What this cloud is run by.</summary>
    protected virtual string Executable => Program;

    public static string Samples { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../samples"));

    public string Home { get; }
    public int ApiPort { get; }
    public int HttpPort { get; }
    public int HttpsPort { get; }
    public Uri ApiUrl => new($"http://127.0.0.1:{ApiPort}");
    public string Token => JsonElement.Parse(File.ReadAllText(Path.Combine(Home, "context.json"))).GetProperty("token").GetString()!;
    public StrataClient Client => client ??= new StrataClient(ApiUrl, Token);

    /// <summary>The server's process; null when none runs.</summary>
    public int? Pid => HomeLock.Find(new HomeLayout(Home))?.Pid;

    /// <summary>Without a watchdog: a server that a test kills stays dead until the test starts another.</summary>
    public Task<CommandResult> UpAsync(params string[] flags) =>
        RunAsync(["up", "-d", "--no-restart", "--api-port", $"{ApiPort}", "--http-port", $"{HttpPort}", .. flags]);

    /// <summary>Runs a command of the program against this cloud.</summary>
    public Task<CommandResult> RunAsync(params string[] arguments) => RunAsync(NoVariables, arguments);

    /// <summary>As <see cref="RunAsync(string[])"/>, with variables of its own in the environment.</summary>
    public async Task<CommandResult> RunAsync(IReadOnlyDictionary<string, string> variables, params string[] arguments)
    {
        using var process = Start(variables, arguments);
        using var timer = new CancellationTokenSource(CommandPatience);
        var output = process.StandardOutput.ReadToEndAsync(timer.Token);
        var error = process.StandardError.ReadToEndAsync(timer.Token);
        try
        {
            await process.WaitForExitAsync(timer.Token);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: false);
            throw new TimeoutException($"strata {string.Join(' ', arguments)} did not end. The server's log:\n{LogEnd()}");
        }
    }

    public Process Start(params string[] arguments) => Start(NoVariables, arguments);

    private Process Start(IReadOnlyDictionary<string, string> variables, string[] arguments)
    {
        var start = new ProcessStartInfo(Executable, arguments) { RedirectStandardOutput = true, RedirectStandardError = true,
            RedirectStandardInput = true };
        start.Environment["STRATA_HOME"] = Home;
        start.Environment["NO_COLOR"] = "1";
        start.Environment["COLUMNS"] = "10000"; // a sentence in one line, to be found whole
        // 30 s: to compile twice what lives for seconds is an eighth of a start's cost
        start.Environment["DOTNET_TC_CallCountingDelayMs"] = "7530";
        // its default is taken by one of many
        start.Environment["STRATA_HTTPS_PORT"] = $"{HttpsPort}";
        start.Environment["STRATA_METRICS_LISTEN"] = start.Environment["STRATA_EDGE_METRICS_LISTEN"] = "off";
        start.Environment.Remove("STRATA_URL");
        start.Environment.Remove("STRATA_TOKEN");
        foreach (var (name, value) in variables) start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Ends the server as a power cut would.</summary>
    public async Task KillAsync()
    {
        var pid = Pid ?? throw new InvalidOperationException("No server runs.");
        using var process = Process.GetProcessById(pid);
        process.Kill();
        await Wait.UntilAsync(() => !HomeLock.IsHeld(new HomeLayout(Home)), "the killed server is gone");
    }

    /// <summary>A client of the edge that asks for one host.</summary>
    public HttpClient Edge(string host)
    {
        var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{HttpPort}"), Timeout = TimeSpan.FromSeconds(20) };
        http.DefaultRequestHeaders.Host = host + ".localhost";
        return http;
    }

    public async Task<string> GetPageAsync(string host, string path = "/")
    {
        using var http = Edge(host);
        return await http.GetStringAsync(path);
    }

    /// <summary>The end of the server's own log, for messages.</summary>
    public string LogEnd()
    {
        var path = Path.Combine(Home, "run", "strata.log");
        return File.Exists(path) ? string.Join('\n', File.ReadLines(path).TakeLast(40)) : "(no log)";
    }

    public virtual async ValueTask DisposeAsync()
    {
        client?.Dispose();
        await RunAsync("down", "--all");
        Folder.Delete(Home);
        GC.SuppressFinalize(this);
    }
}

/// <summary>One cloud for all tests of the assembly that need nothing of their own; each test uses names of its own.</summary>
public sealed class SharedCloud : Cloud, IAsyncLifetime
{
    public async ValueTask InitializeAsync() => (await UpAsync("--private-git", "on")).ShouldSucceed();
}

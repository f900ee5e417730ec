using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;

namespace Strata.Identity.Tests.People;

/// <summary>
/// A Chromium without a window, driven by its own protocol (Chrome DevTools Protocol), with a virtual authenticator in place of a device.
/// </summary>
internal sealed class TestChromium : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private readonly Process process;
    private readonly DirectoryInfo profile;
    private readonly ClientWebSocket socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> waiting = new();
    private readonly ConcurrentQueue<string> violations = new();
    private readonly SemaphoreSlim sending = new(1, 1);
    private readonly CancellationTokenSource stop = new();
    private Task reading = Task.CompletedTask;
    private string? session;
    private int last;

    private TestChromium(Process process, DirectoryInfo profile) => (this.process, this.profile) = (process, profile);

    /// <summary>Null: this machine has none.</summary>
    public static string? Program => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    /// <summary>What a page was not allowed to do.</summary>
    public IReadOnlyCollection<string> Violations => violations;

    /// <param name="host">Its name and port, and the port of this machine that answers.</param>
    public static async Task<TestChromium> StartAsync(string host, int port)
    {
        var profile = Directory.CreateTempSubdirectory("strata-chromium-");
        var start = new ProcessStartInfo(Program!)
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
            ArgumentList =
            {
                "--headless=new", "--remote-debugging-port=0", "--user-data-dir=" + profile.FullName, "--no-first-run", "--disable-gpu",
                "--disable-extensions", "--disable-background-networking", "--disable-dev-shm-usage", "--disable-component-update",
                $"--host-resolver-rules=MAP {host} 127.0.0.1:{port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            },
        };
        if (Environment.UserName == "root") start.ArgumentList.Add("--no-sandbox");
        start.ArgumentList.Add("about:blank");
        var process = Process.Start(start)!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        var browser = new TestChromium(process, profile);
        await browser.ConnectAsync();
        return browser;
    }

    /// <summary>Adds a device that always answers, with a PIN that was entered.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> AddAuthenticatorAsync()
    {
        await SendAsync("WebAuthn.enable", new { enableUI = false });
        var added = await SendAsync("WebAuthn.addVirtualAuthenticator", new
        {
            options = new
            {
                protocol = "ctap2", transport = "internal", hasResidentKey = true, hasUserVerification = true, isUserVerified = true,
                automaticPresenceSimulation = true,
            },
        });
        return added.GetProperty("authenticatorId").GetString()!;
    }

    /// <summary>Whether someone touches the device as soon as it asks for that.</summary>
    public Task TouchAsync(string device, bool isTouched) => SendAsync(
        "WebAuthn.setAutomaticPresenceSimulation", new { authenticatorId = device, enabled = isTouched });

    public async Task OpenAsync(string url)
    {
        await SendAsync("Page.navigate", new { url });
        await Wait.UntilAsync(
            async () => (await TextAsync("location.href + ' ' + document.readyState")).EndsWith(" complete", StringComparison.Ordinal)
                && !await IsAsync("location.href === 'about:blank'"), "the page is there");
    }

    /// <summary>The value of an expression as text; empty while a page loads.</summary>
    public async Task<string> TextAsync(string expression)
    {
        try
        {
            var result = await SendAsync("Runtime.evaluate", new { expression = $"String({expression})", returnByValue = true });
            return result.GetProperty("result").TryGetProperty("value", out var value) ? value.GetString() ?? "" : "";
        }
        catch (InvalidOperationException)
        {
            return ""; // between two pages
        }
    }

    public async Task<bool> IsAsync(string expression) => await TextAsync(expression) == "true";

    public Task TitledAsync(string title) =>
        UntilAsync($"document.querySelector('h1')?.textContent === {JsonSerializer.Serialize(title)}", title);

    /// <summary>Waits until an expression is true; shows the page where it stays false.</summary>
    public async Task UntilAsync(string expression, string what)
    {
        try
        {
            await Wait.UntilAsync(() => IsAsync(expression), what);
        }
        catch (Exception e)
        {
            var page = await TextAsync("location.href + '\\n' + document.body.innerText");
            throw new InvalidOperationException($"{what}: the page is {page} {string.Join(' ', violations)}", e);
        }
    }

    public Task<JsonElement> RunAsync(string expression) => SendAsync("Runtime.evaluate", new { expression, userGesture = true });

    public async Task<JsonElement> SendAsync(string method, object parameters)
    {
        var id = Interlocked.Increment(ref last);
        var answer = waiting[id] = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        var text = JsonSerializer.SerializeToUtf8Bytes(
            session is null ? (object)new { id, method, @params = parameters }
                : new { id, method, @params = parameters, sessionId = session });
        await sending.WaitAsync();
        try
        {
            await socket.SendAsync(text, WebSocketMessageType.Text, true, stop.Token);
        }
        finally
        {
            sending.Release();
        }
        return await answer.Task.WaitAsync(TimeSpan.FromMinutes(1));
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        socket.Dispose();
        sending.Dispose();
        stop.Dispose();
        try
        {
            profile.Delete(recursive: true);
        }
        catch (IOException)
        {
            // One of its processes was still writing; the folder is a temporary one.
        }
    }

    private async Task ConnectAsync()
    {
        var file = Path.Combine(profile.FullName, "DevToolsActivePort");
        await Wait.UntilAsync(() => Task.FromResult(File.Exists(file) && File.ReadAllLines(file).Length >= 2), "Chromium listens");
        var lines = await File.ReadAllLinesAsync(file);
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{lines[0]}{lines[1]}"), default);
        reading = ReadAsync();
        var target = await SendAsync("Target.createTarget", new { url = "about:blank" });
        var attached = await SendAsync(
            "Target.attachToTarget", new { targetId = target.GetProperty("targetId").GetString(), flatten = true });
        session = attached.GetProperty("sessionId").GetString();
        foreach (var domain in new[] { "Page", "Runtime", "Log", "Network" }) await SendAsync(domain + ".enable", new { });
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[1 << 16];
        while (!stop.IsCancellationRequested)
        {
            using var message = new MemoryStream();
            WebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer, stop.Token);
                message.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            if (part.MessageType == WebSocketMessageType.Close) return;
            Take(JsonElement.Parse(message.ToArray()));
        }
    }

    private void Take(JsonElement message)
    {
        if (message.TryGetProperty("id", out var id))
        {
            if (!waiting.TryRemove(id.GetInt32(), out var answer)) return;
            if (message.TryGetProperty("error", out var error)) answer.SetException(new InvalidOperationException(error.ToString()));
            else answer.SetResult(message.GetProperty("result"));
        }
        else if (message.GetProperty("method").GetString() == "Log.entryAdded"
            && message.GetProperty("params").GetProperty("entry") is var entry && entry.GetProperty("source").GetString() == "security")
            violations.Enqueue(entry.GetProperty("text").GetString() ?? "");
    }
}

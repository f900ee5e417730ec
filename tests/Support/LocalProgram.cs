using System.Collections.Concurrent;
using System.Diagnostics;

namespace Strata.TestSupport;

/// <summary>
/// A server that runs beside a test. A shell watches over it: it kills the program when its input ends, so that the program ends with this
/// process at the latest, however that ends.
/// </summary>
internal sealed class LocalProgram : IAsyncDisposable
{
    private const string Watch = """ "$@" & p=$!; read -r _; kill -9 $p; wait $p """;
    private const int LinesMax = 200;

    private readonly ConcurrentQueue<string> lines = [];
    private readonly Process process;

    public LocalProgram(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Watch, "watch", program, .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>The end of what it wrote.</summary>
    public string Output => string.Join('\n', lines);

    public static bool IsInstalled(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lines.Enqueue(line);
        if (lines.Count > LinesMax) lines.TryDequeue(out _);
    }
}
